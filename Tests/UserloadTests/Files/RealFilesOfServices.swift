// The tables: public data sets, what services answer, and what is no file of people.

extension RealFile {
    static let dataSets: [RealFile] = [
        RealFile(
            "titanic.csv",
            "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp\n1,0,3,\"Braund, Mr. Owen Harris\",male,22,1\n"
                + "79,1,2,\"Caldwell, Master. Alden Gates\",male,0.83,0\n6,0,3,\"Moran, Mr. James\",male,,0\n",
            #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#,
            [
                #"2 {"PassengerId":"1","Survived":"0","Pclass":"3","name":"Braund, Mr. Owen Harris","Sex":"male","age":22,"SibSp":"1"}"#,
                "3 ! not_an_integer", "4 ! missing",
            ]),
        RealFile(
            "olympics.csv",
            "\"ID\",\"Name\",\"Sex\",\"Age\",\"Height\"\n\"1\",\"A Dijiang\",\"M\",24,180\n\"2\",\"B Lamusi\",\"M\",NA,NA\n",
            #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#,
            [#"2 {"ID":"1","name":"A Dijiang","Sex":"M","age":24,"Height":"180"}"#, "3 ! not_an_integer"]),
        RealFile(
            "nba.csv",
            "Name,Team,Number,Position,Age,Salary\nAvery Bradley,Boston Celtics,0.0,PG,25.0,7730337.0\n,,,,,\n",
            #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#,
            [
                #"2 {"name":"Avery Bradley","Team":"Boston Celtics","Number":"0.0","Position":"PG","age":"25.0","Salary":"7730337.0"}"#,
                "3 ! missing missing",
            ]),
        RealFile(
            "adult.data", "39, State-gov, 77516, Bachelors, 13\n50, Self-emp-not-inc, 83311, Bachelors, 13\n",
            #"no columns name and age (line 1: 39, State-gov, 77516, Bachelors, 13); whole numbers from 0 to 150 are in "39", "13": --map age=… says if that is the age"#
        ),
        RealFile(
            "heart.csv", "age,sex,cp,trestbps\n63,1,3,145\n", "no column name (line 1: age, sex, cp, trestbps)"),
        RealFile(
            "fifa.csv", "sofifa_id,short_name,long_name,age\n158023,L. Messi,Lionel Messi,32\n",
            "no column name (line 1: sofifa_id, short_name, long_name, age)"),
        RealFile(
            "legislators.csv",
            "last_name,first_name,full_name,birthday,phone\nBrown,Sherrod,Sherrod Brown,1952-11-09,202-224-2315\n",
            #"no column age (line 1: last_name, first_name, full_name, birthday, phone); "birthday" is a date of birth: --age-from takes it"#,
            try: "userload load --age-from birthday --as-of TODAY FILE",
            [
                #"2 {"last_name":"Brown","first_name":"Sherrod","name":"Sherrod Brown","birthday":"1952-11-09","phoneNumber":"202-224-2315","age":AGE}"#
            ]),
        RealFile(
            "faker.jsonl",
            "{\"first_name\":\"Ann\",\"last_name\":\"Lee\",\"age\":35}\n{\"first_name\":\"Bo\",\"age\":4}\n",
            #"JSON lines, UTF-8: "first_name" + "last_name" → name, age"#,
            [#"1 {"age":35,"name":{"firstName":"Ann","lastName":"Lee"}}"#, "2 ! missing"]),
        RealFile(
            "mysql.tsv", "id\tname\tage\tphone\n1\tAnn Lee\t35\t\\N\n",
            #"CSV, UTF-8, "tab": name, age, "phone" → phoneNumber"#,
            [#"2 {"id":"1","name":"Ann Lee","age":35,"phoneNumber":"\\N"}"#]),
        RealFile(
            "psql.txt", " name | age \n------+-----\n Ann  |  35\n(1 row)\n\n", #"CSV, UTF-8, "|": name, age"#,
            ["2 ! ragged_row", #"3 {"name":" Ann  ","age":"  35"}"#, "4 ! ragged_row"]),
        RealFile(
            "table.md", "| Name | Age |\n|------|-----|\n| Ann | 35 |\n",
            #"CSV, UTF-8, "|": "Name" → name, "Age" → age"#,
            ["2 ! not_an_integer", #"3 {"name":" Ann ","age":" 35 "}"#]),
        RealFile(
            "mongoexport.json", "{\"_id\":{\"$oid\":\"5f\"},\"name\":\"Ann Lee\",\"age\":35}\n",
            "JSON lines, UTF-8: name, age", [#"1 {"_id":{"$oid":"5f"},"name":"Ann Lee","age":35}"#]),
    ]

    private static let person = #"{"name":"Ann Lee","age":35}"#

    private static let commas =
        "has commas behind its JSON objects, but no [ and ] around them: it is neither JSON lines nor an array"

    static let services: [RealFile] = [
        RealFile(
            "randomuser.json",
            #"{"results":[{"gender":"female","name":{"title":"Miss","first":"Jennie","last":"Nichols"},"dob":{"date":"1992-03-08T15:13:16.688Z","age":30}}],"info":{"seed":"56d2"}}"#,
            "is one JSON object that holds an array of objects, .results[]; of these: no key age (in the first object: "
                + #"gender, name, dob); "dob" may be a date of birth: --age-from takes it"#),
        RealFile(
            "dummyjson.json",
            #"{"users":[{"id":1,"firstName":"Emily","lastName":"Johnson","age":28,"email":"e@x.dummyjson.com","phone":"+81 965-431-3024"}],"total":208}"#,
            "is one JSON object that holds an array of objects, .users[]",
            try: "jq -c '.users[]' FILE | userload load -",
            [
                #"1 {"id":1,"age":28,"email":"e@x.dummyjson.com","phoneNumber":"+81 965-431-3024","name":{"firstName":"Emily","lastName":"Johnson"}}"#
            ]),
        RealFile(
            "jsonplaceholder.json",
            "[\n  {\n    \"id\": 1,\n    \"name\": \"Leanne Graham\",\n    \"username\": \"Bret\",\n    \"phone\": \"1-770-736-8031 x56442\"\n  }\n]",
            #"no key age (in the first object: id, name, username, phone); whole numbers from 0 to 150 are in "id": --map age=… says if that is the age"#
        ),
        RealFile(
            "stripe.json",
            #"{"object":"list","data":[{"id":"cus_1","object":"customer","created":1680893993,"email":null,"name":"Jenny Rosen","metadata":{}}],"has_more":false}"#,
            "is one JSON object that holds an array of objects, .data[]; of these: no key age (in the first object: id, "
                + "object, created, email, name, metadata)"),
        RealFile(
            "github.json", #"[{"login":"octocat","id":583231,"name":"The Octocat","followers":150}]"#,
            #"no key age (in the first object: login, id, name, followers); whole numbers from 0 to 150 are in "followers": --map age=… says if that is the age"#
        ),
        RealFile(
            "jsonapi.json",
            #"{"links":{"self":"/people"},"included":[{"type":"team","id":"1"}],"data":[{"name":"Ann Lee","age":35}]}"#,
            "is one JSON object that holds an array of objects, .data[]", try: "jq -c '.data[]' FILE | userload load -",
            ["1 " + person]),
        RealFile(
            "mongoexport-array.json", "[\(person),\n\(person)]\n", "JSON array, UTF-8: name, age",
            ["1 " + person, "2 " + person]),
        RealFile(
            "jq.json", "{\n  \"name\": \"Ann Lee\",\n  \"age\": 35\n}\n{\n  \"name\": \"Bo\",\n  \"age\": 4\n}\n",
            "JSON objects, UTF-8: name, age",
            [#"1 {  "name": "Ann Lee",  "age": 35}"#, #"5 {  "name": "Bo",  "age": 4}"#]),
        RealFile(
            "cut-out.json", "\(person),\n\(person),\n",
            commas, try: "sed 's/,$//' FILE | userload load -", ["1 " + person, "2 " + person]),
        RealFile(
            "array-inside.json", "\(person),\n{\n\"name\":\"Bo\",\n\"age\":4},\n\(person)\n",
            commas, try: "sed '1s/^/[/;$s/,*[[:space:]]*$/]/' FILE | userload load -",
            ["1 " + person, #"2 {"name":"Bo","age":4}"#, "5 " + person]),
        RealFile(
            "firebase.json", #"{"users":{"u1":{"name":"Ann Lee","age":35}}}"#,
            "no keys name and age (in the first object: users)"),
        RealFile(
            "elastic.jsonl", #"{"_index":"people","_source":{"name":"Ann Lee","age":35}}"#,
            #"no keys name and age (in the first object: _index, _source)"#),
        RealFile("empty.json", "[]", "JSON array, UTF-8: no records"),
        RealFile(
            "team.json", "{\"name\":\"Team\",\"age\":3,\"people\":[\(person)]}",
            "is one JSON object that holds an array of objects, .people[]; --format jsonl takes the object itself for one person",
            try: "jq -c '.people[]' FILE | userload load -", ["1 " + person]),
    ]

    static let others: [RealFile] = [
        RealFile(
            "login.html", "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
            "no columns name and age (line 1: <!DOCTYPE html>)"),
        RealFile(
            "people.xml", "<?xml version=\"1.0\"?>\n<people/>\n",
            #"the header row has a stray quote in column 1 (line 1)"#),
        RealFile("people.yaml", "- name: Ann\n  age: 35\n", "no columns name and age (line 1: - name: Ann)"),
        RealFile(
            "contact.vcf", "BEGIN:VCARD\nVERSION:4.0\nFN:Ann Lee\nN:Lee;Ann;;;\nEND:VCARD\n",
            "no columns name and age (line 1: BEGIN:VCARD)"),
        RealFile(
            "dump.sql", "INSERT INTO people VALUES (1,'Ann',35);\n",
            "no columns name and age (line 1: INSERT INTO people VALUES (1, 'Ann', 35);)"),
        RealFile(
            "people.db", Array("SQLite format 3\0".utf8), "line 1, byte 15: a NUL byte, which text cannot contain"),
        RealFile(
            "people.parquet", Array("PAR1....".utf8),
            "is a Parquet file: convert it to CSV or JSON lines, with DuckDB for instance"),
        RealFile(
            "windows.csv", Array(utf16("Name;Vorname;Alter\r\nLee;Ann;35\r\n").dropFirst(2)),
            "line 1, byte 1: a NUL byte; it looks like UTF-16 without a byte order mark; with --encoding UTF-16LE: "
                + #""Name" stands beside "Vorname", a first name: it may be the whole name or the last one (line 1: Name, Vorname, Alter)"#,
            try: "userload load --encoding UTF-16LE --map name.firstName=Vorname,name.lastName=Name FILE",
            [#"2 {"name":{"lastName":"Lee","firstName":"Ann"},"age":35}"#]),
        RealFile("nothing.csv", "", "is empty"),
        RealFile("header.csv", "Name,Age\n", #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#),
    ]
}
