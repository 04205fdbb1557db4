// The tables: spreadsheets and the exports of programs.

extension RealFile {
    private static let besideVorname =
        #""Name" stands beside "Vorname", a first name: it may be the whole name or the last one"#

    static let spreadsheets: [RealFile] = [
        RealFile(
            "excel-utf8.csv", "\u{FEFF}First Name,Last Name,Age,Email\r\nZoë,Lee,35,zoe@example.com\r\n",
            #"CSV, UTF-8, ",": "First Name" + "Last Name" → name, "Age" → age, "Email" → email"#,
            [#"2 {"name":{"firstName":"Zoë","lastName":"Lee"},"age":35,"email":"zoe@example.com"}"#]),
        RealFile(
            "excel-german.csv", western("Vorname;Nachname;Alter;Straße\r\nJürgen;Müller;45;Weg 1\r\n"),
            #"the header row is not UTF-8 text (line 1); in windows-1252 it would read "Straße": --encoding windows-1252"#,
            try: "userload load --encoding windows-1252 FILE",
            [#"2 {"name":{"firstName":"Jürgen","lastName":"Müller"},"age":45,"Straße":"Weg 1"}"#]),
        RealFile(
            "excel-german-rows.csv", western("Vorname;Nachname;Alter\r\nAnn;Lee;3\r\nJürgen;Bo;45\r\n"),
            #"CSV, UTF-8, ";": "Vorname" + "Nachname" → name, "Alter" → age"#,
            [#"2 {"name":{"firstName":"Ann","lastName":"Lee"},"age":3}"#, "3 ! invalid_utf8"],
            notices: [
                #"not UTF-8 (line 3, byte 36); in windows-1252 it would read "Jürgen": --encoding windows-1252"#
            ]),
        RealFile(
            "excel-name-vorname.csv", western("Name;Vorname;Alter\r\nMüller;Jürgen;45\r\n"),
            besideVorname
                + #" (line 1: Name, Vorname, Alter); not UTF-8 (line 2, byte 21); in windows-1252 it would read "Müller": --encoding windows-1252"#,
            try:
                "userload load --encoding windows-1252 --map name.firstName=Vorname,name.lastName=Name FILE",
            [#"2 {"name":{"lastName":"Müller","firstName":"Jürgen"},"age":45}"#]),
        RealFile(
            "excel-unicode.txt", utf16("Full Name\tAge\r\nZoë Müller 😀\t35\r\n"),
            #"CSV, UTF-16, "tab": "Full Name" → name, "Age" → age"#, [#"2 {"name":"Zoë Müller 😀","age":35}"#]),
        RealFile(
            "excel-mac.csv", "Name,Age\rAnn Lee,35\rBo Day,41\r", #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#,
            [#"2 {"name":"Ann Lee","age":35}"#, #"3 {"name":"Bo Day","age":41}"#]),
        RealFile(
            "excel-sep.csv", "sep=;\r\nName;Age\r\nAnn Lee;35\r\n",
            #"CSV, UTF-8, ";": "Name" → name, "Age" → age"#, [#"3 {"name":"Ann Lee","age":35}"#]),
        RealFile(
            "excel-sep-wrong.csv", "sep=;\r\nName,Age\r\nAnn Lee,35\r\n",
            #"no columns name and age (line 2: Name,Age); its delimiter looks like ",", which its first line contradicts"#,
            try: "userload load --delimiter , FILE", [#"3 {"name":"Ann Lee","age":35}"#]),
        RealFile(
            "report.csv",
            "Members;;\r\nas of 1 November;;\r\n;;\r\nName;Vorname;Geburtsdatum\r\nLee;Ann;31.12.1990\r\n",
            "no columns name and age (line 1: Members, , ); with --skip-lines 3, line 4 is the header: \(besideVorname) "
                + "(line 4: Name, Vorname, Geburtsdatum)",
            try: "userload load --skip-lines 3 --map name.firstName=Vorname,name.lastName=Name --age-from Geburtsdatum "
                + "--as-of TODAY --date-format dmy FILE",
            [#"5 {"name":{"lastName":"Lee","firstName":"Ann"},"Geburtsdatum":"31.12.1990","age":AGE}"#]),
        RealFile(
            "trailing.csv", "Name,Age,,\nAnn Lee,35,,\nBo Day,41,,,\n", #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#,
            [#"2 {"name":"Ann Lee","age":35}"#, #"3 {"name":"Bo Day","age":41}"#]),
        RealFile(
            "libreoffice.csv", "\"Name\",\"Age\",\"Note\"\n\"Lee, Ann\",35,\"two\nlines\"\n",
            #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#, [#"2 {"name":"Lee, Ann","age":35,"Note":"two\nlines"}"#]),
        RealFile(
            "book.xlsx", Array("PK\u{3}\u{4}".utf8) + Array("....[Content_Types].xml....xl/workbook.xml".utf8),
            #"is an Excel workbook (xlsx): save it as "CSV UTF-8 (Comma delimited)""#),
        RealFile(
            "people.zip", Array("PK\u{3}\u{4}".utf8) + Array("....people.csv".utf8), "is a zip archive",
            try: "unzip -p FILE | userload load -"),
    ]

    static let exports: [RealFile] = [
        RealFile(
            "google-contacts.csv",
            "First Name,Middle Name,Last Name,Nickname,Birthday,Notes,E-mail 1 - Value,Phone 1 - Value\n"
                + "Ann,,Lee,,1990-12-31,,ann@example.com,+1 555 0100\n",
            #"no column age (line 1: First Name, Middle Name, Last Name, Nickname, Birthday, Notes, E-mail 1 - Value, Phone 1 - Value); "Birthday" is a date of birth: --age-from takes it"#,
            try: "userload load --age-from Birthday --as-of TODAY FILE",
            [
                #"2 {"name":{"firstName":"Ann","lastName":"Lee"},"Birthday":"1990-12-31","E-mail 1 - Value":"ann@example.com","Phone 1 - Value":"+1 555 0100","age":AGE}"#
            ]),
        RealFile(
            "outlook.csv",
            "Title,First Name,Last Name,E-mail Address,Mobile Phone,Birthday,Gender\r\n,Ann,Lee,ann@example.com,555 0100,12/31/1990,\r\n",
            #"no column age (line 1: Title, First Name, Last Name, E-mail Address, Mobile Phone, Birthday, Gender); "Birthday" is a date of birth: --age-from takes it"#,
            try: "userload load --age-from Birthday --as-of TODAY --date-format mdy FILE",
            [
                #"2 {"name":{"firstName":"Ann","lastName":"Lee"},"email":"ann@example.com","phoneNumber":"555 0100","Birthday":"12/31/1990","age":AGE}"#
            ]),
        // The birthday is without its year.
        RealFile(
            "mailchimp.csv",
            "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING\nann@example.com,Ann,Lee,,,12/31,2\n",
            #"no column age (line 1: Email Address, First Name, Last Name, Address, Phone Number, Birthday, MEMBER_RATING); "Birthday" may be a date of birth: --age-from takes it"#
        ),
        RealFile(
            "mailchimp-age.csv",
            "\"Email Address\",\"First Name\",\"Last Name\",Age,\"TAGS\"\nann@example.com,Ann,Lee,35,\"\"\"new\"\"\"\n",
            #"CSV, UTF-8, ",": "First Name" + "Last Name" → name, "Age" → age, "Email Address" → email"#,
            [
                #"2 {"email":"ann@example.com","name":{"firstName":"Ann","lastName":"Lee"},"age":35,"TAGS":"\"new\""}"#
            ]),
        RealFile(
            "hubspot.csv",
            "\"Record ID\",\"First Name\",\"Last Name\",\"Email\",\"Phone Number\",\"Date of Birth\",\"Lifecycle Stage\"\n"
                + "\"101\",\"Ann\",\"Lee\",\"ann@example.com\",\"\",\"1990-12-31\",\"Lead\"\n",
            #"no column age (line 1: Record ID, First Name, Last Name, Email, Phone Number, Date of Birth, Lifecycle Stage); "Date of Birth" is a date of birth: --age-from takes it"#,
            try: "userload load --age-from 'Date of Birth' --as-of TODAY FILE",
            [
                #"2 {"Record ID":"101","name":{"firstName":"Ann","lastName":"Lee"},"email":"ann@example.com","Date of Birth":"1990-12-31","Lifecycle Stage":"Lead","age":AGE}"#
            ]),
        RealFile(
            "salesforce.csv",
            "\"Id\",\"FirstName\",\"LastName\",\"Name\",\"Email\",\"Phone\",\"MobilePhone\",\"Birthdate\"\n"
                + "\"003A\",\"Ann\",\"Lee\",\"Ann Lee\",\"ann@example.com\",\"n/a\",\"\",\"1990-12-31\"\n",
            #"no column age (line 1: Id, FirstName, LastName, Name, Email, Phone, MobilePhone, Birthdate); "Birthdate" is a date of birth: --age-from takes it"#,
            try: "userload load --age-from Birthdate --as-of TODAY FILE",
            [
                #"2 {"Id":"003A","FirstName":"Ann","LastName":"Lee","name":"Ann Lee","email":"ann@example.com","phoneNumber":"n/a","Birthdate":"1990-12-31","age":AGE}"#
            ]),
        RealFile(
            "eventbrite.csv",
            "Order #,Order Date,First Name,Last Name,Email,Age,Cell Phone\n1,2026-01-02,Ann,Lee,ann@example.com,35,555 0100\n",
            #"CSV, UTF-8, ",": "First Name" + "Last Name" → name, "Age" → age, "Email" → email, "Cell Phone" → phoneNumber"#,
            [
                ##"2 {"Order #":"1","Order Date":"2026-01-02","name":{"firstName":"Ann","lastName":"Lee"},"email":"ann@example.com","age":35,"phoneNumber":"555 0100"}"##
            ]),
        RealFile(
            "shopify.csv", "Customer ID,First Name,Last Name,Email,Total Orders\n'7,Ann,Lee,ann@example.com,2\n",
            #"no column age (line 1: Customer ID, First Name, Last Name, Email, Total Orders); whole numbers from 0 to 150 are in "Total Orders": --map age=… says if that is the age"#
        ),
        RealFile(
            "linkedin.csv",
            "Notes:\n\"When exporting your connections, some are missing.\"\n\nFirst Name,Last Name,URL,Connected On\nAnn,Lee,https://example.com,01 Jan 2026\n",
            "no columns name and age (line 1: Notes:); with --skip-lines 3, line 4 is the header: no column age (line 4: First Name, Last Name, URL, Connected On)"
        ),
        RealFile(
            "google-forms.csv",
            "\"Timestamp\",\"What is your name?\",\"How old are you?\"\n\"2026/01/02 1:02:03 PM\",\"Ann\",\"35\"\n",
            #"no columns name and age (line 1: Timestamp, What is your name?, How old are you?); whole numbers from 0 to 150 are in "How old are you?": --map age=… says if that is the age"#
        ),
        RealFile(
            "surveymonkey.csv", "Respondent ID,Name,Age\n,Open-Ended Response,Response\n1,Ann,35\n",
            #"CSV, UTF-8, ",": "Name" → name, "Age" → age"#,
            ["2 ! not_an_integer", #"3 {"Respondent ID":"1","name":"Ann","age":35}"#]),
        RealFile(
            "moodle.csv", "Vorname,Nachname,\"E-Mail-Adresse\"\nAnn,Lee,ann@example.com\n",
            "no column age (line 1: Vorname, Nachname, E-Mail-Adresse)"),
        RealFile(
            "school.csv", "Nom;Prénom;Date de naissance\nLee;Zoé;31/12/1990\n",
            #"no column age (line 1: Nom, Prénom, Date de naissance); "Date de naissance" is a date of birth: --age-from takes it"#,
            try: "userload load --age-from 'Date de naissance' --as-of TODAY --date-format dmy FILE",
            [#"2 {"name":{"lastName":"Lee","firstName":"Zoé"},"Date de naissance":"31/12/1990","age":AGE}"#]),
        RealFile(
            "padrón.csv", "Nombre;Apellidos;Edad;Correo\nAna;Gómez;35;a@example.com\n",
            #"CSV, UTF-8, ";": "Nombre" + "Apellidos" → name, "Edad" → age"#,
            [#"2 {"name":{"firstName":"Ana","lastName":"Gómez"},"age":35,"Correo":"a@example.com"}"#]),
    ]
}
