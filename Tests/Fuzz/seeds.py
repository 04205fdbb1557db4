#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets into Tests/Fuzz/corpus/TARGET/, beside what runs found and was kept.

The first bytes of an input are choices (see Sources/*Target*.swift); here mostly 0.
"""
import gzip
import json
import pathlib
import subprocess

corpus = pathlib.Path(__file__).parent / "corpus"


def write(target, inputs):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs):
        (folder / f"seed-{number:02}").write_bytes(data if isinstance(data, bytes) else data.encode())


rows = [
    "Ann Lee,35,ann@x.org,\"1, High St\",m,Graz\r\nBob,041,,,,\n\n,,,,,\nO\"Neil,1,,,,\n",
    "a,1,\"x\"\"y\",\"\",\"l\nm\",z\ra,1,b,c,d,e,,\"\",  \na,1\n",
    "\"never closed,1\nnext,2,,,,\r\n\"a\"b,3,,,,\n", "\r\n\r\r\n\n", "a,NULL,\"NULL\",\\,\x01,\x7f\n", "é,12345678901234567890,,,,",
]
write("csv", [bytes([choice]) + row.replace(",", delimiter).encode()
              for row in rows for choice, delimiter in [(0, ","), (5, ";"), (10, "\t"), (15, "|")]])

values = [
    '"x"', "-0.5e+3", "[1,[],{}]", '{"a":1,"b":{"a":null}}', r'"é\u00e9\ud83d\ude00\n\/"', r'"\ud800"', '"\\u0000"',
    '{"a":1,"\\u0061":2}', "1e131072", " [ true , false ] ", "[" * 64 + "]" * 64, '"' + "x" * 40 + '"', '1,"y":2', "[1,]", "01",
    '{"name":"Ann","age":"35","email":"a@b","phoneNumber":"+43 1 23","address":{"city":"x"},"z":[1]}',
    '{"name":{"firstName":"A","lastName":"B","title":"Dr"},"age":35.0}', '{"a":"Ann","b":{"c":3,"x":1},"d":"Graz"}',
    '{"name":"a","age":151,"email":"x","age":1}', b'"\xff\xc3"', b'"\x00"',
]
write("json", values)

streams = ['[{"a":1},{"b":[2,"]"]}]', "[ ]", '[1,"x",null,[2],{}]', "[{}{}]", '[{"a":"\\"\n"},', "{}{}\n{\n} 7", '{"a":1}\n\n {"b":2}\r\n',
           "[nonsense]", "[" * 70 + "]" * 70, "\n[\n{}\n,\n5]\n"]
write("array", [bytes([form, 7]) + text.encode() for text in streams for form in (0, 1, 2)])

write("long", [bytes([0, 1]) + b'a\xf1,1,,,,\n"b\xf9\n",2,,,,\n', bytes([0, 2]) + b'"a\n\xfaz\nb,1,,,,\n', bytes([1, 3]) + b'{"a":"x\xfa"}\n{}\n',
               bytes([2, 4]) + b'[{"a":"x\xfa\\""},5\xfb,{}]', bytes([3, 5]) + b'{"a":"\n\xfb"} {}', bytes([0, 6]) + b'a,"b\xfa","c\xfc\nd"\ne,1,,,,\n',
               bytes([0, 7]) + b"a,b\xfb\r\nc,1,,,,\r\r\n"])

files = [
    "name,age\nAnn,3\n", "Full Name;Alter;E-Mail\nAnn;35;a@b.c\n", "sep=|\r\nname|age\r\nAnn|1\r\n", "Report\n\nname\tage\nAnn\t1\n",
    "first_name,last_name,age,Notes,Notes,\nA,B,1,x,y,z\n", "name,age.x,address.line1,address\nAnn,1,a,b\n", '{"name":"Ann","age":1}\n{"name":"Bob","age":2}\n',
    '[{"First Name":"A","lastName":"B","Alter":"3"}]', '{"people":[{"name":"Ann","age":3}]}', "Vorname,Name,age\nA,B,1\n", "name,dob\nAnn,1990-02-28\n",
    '{"name":"Ann",\n"age":1}\n{"name":"Bob","age":2}\n', '{"name":"Ann","age":1},\n{"name":"Bob","age":2}\n', "\ufeff\nname,age\nAnn,1,,\n", "Ann,1\nBob,2\n",
    "_job,_reject,_line,_errors,name,age\n04hmasw9nf6yzzpwqac7cn1j20,3.17,4,x,Ann,3\n", "name,age,email,mail,tel\nAnn,1,x,a@b,1234\n", "[]", "a;b,c\n1;2,3\n",
    b"name,age\nJos\xe9,3\n", b"na\xefve,age,name\nx,1,y\n",
]
flags = [b"\x02\x01\x00", b"\x02\x02\x01", b"\x06\x20", b"\x02\x04\x02", b"\x02\x80\x02\x03dob", b"\x02\x40\x0bname=x,age=y", b"\x02\x08\x08name,age", b"\x42\x00\x00", b"\x42\x40\x0bname=x,age=y\x01"]
write("conclude", [b"\x00" + (text if isinstance(text, bytes) else text.encode()) for text in files] + [flag + files[number % 4].encode() for number, flag in enumerate(flags)])

text = "name,age\nJosé,35\nRené,41\n"
encoded = [(0, text.encode()), (1, text.encode("cp1252")), (2, text.encode("utf-16-le")), (3, text.encode("utf-16-be")), (14, text.encode("utf-16")),
           (4, "名前,age\n太郎,3\n".encode("shift_jis")), (5, "名前\n".encode("euc_jp")), (6, "名前€\n".encode("gb18030")), (7, "名前\n".encode("big5hkscs")),
           (8, "名前x\n".encode("iso2022_jp")), (9, "이름\n".encode("iso2022_kr")), (11, "이름\n".encode("euc_kr")), (12, "שלום\n".encode("cp1255")), (0, b"\xef\xbb\xbfname\n"),
           (10, b"a\xb0e\xb1\n"), (0, b"n\x00a\x00m\x00e\x00"), (0, b"PK\x03\x04"), (0, b"%PDF-1.7"), (0, b"\xff\xfe\x00\x00")]
packed = [gzip.compress(text.encode(), mtime=0), gzip.compress(b"a" * 300, mtime=0) + gzip.compress(b"b", mtime=0) + b"\0\0", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0),
          subprocess.run(["zstd", "-qc"], input=text.encode() * 9, capture_output=True, check=True).stdout]
write("files", [bytes([0, number, 5]) + data for number, data in encoded] + [bytes([0, 0, 9]) + data for data in packed]
      + [bytes([mode, 0, 3]) + text.encode() for mode in (1, 2)] + [bytes([1, 2, 4]) + text.encode("utf-16-le")])

job = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
seq = (5).to_bytes(8, "big")
numbers = b"\xac\x02\x7f\x80\x80\x01"
write("header", [b"\x01\x02" + job + seq + numbers, b"\x02\x03" + job + seq + numbers + b"\x01", b"\x03\x01" + job + seq + numbers + b"\x00\x02",
                 b"\x03\x01" + job + seq + numbers + b"\x0f\x01" + job + b"\x03\x11\x04", b"\x09\x4d" + job + seq, b"\x01\x04" + job + seq + b"\xff" * 9 + b"\x01",
                 b"04hmasw9nf6yzzpwqac7cn1j20\n3.17\n4", b"04HMASW9NF6YZZPWQAC7CN1J20\n0.1\n", b"-"] + [bytes([flags]) + bytes(range(1, 120)) for flags in (1, 40, 113)])

start = {"again": False, "contentHash": "00000000000000010000000000000002", "delimiter": 59, "format": "csv", "header": "bv8AIg==", "host": "etl1",
         "job": "04hmasw9nf6yzzpwqac7cn1j20", "keyFields": ["name", "age"], "label": "nightly", "onDuplicate": "skip", "options": ["--label", "nightly"],
         "partitions": 12, "path": "/data/ü/a.csv", "runAt": "2026-11-22T00:00:00.123Z", "size": 123, "conclusion": "CSV: name, age"}
run = {"id": "04hmasw9nf6yzzpwqac7cn1j20", "host": "etl1", "startedAt": "2026-11-22T00:00:00.999Z", "files": 3, "label": "x", "copies": 2}
end = {"lastSeq": 7, "records": 7, "digest": "00000000000000ff"}
write("markers", [json.dumps(marker, ensure_ascii=False) for marker in
                  [end, {**end, "digest": "FFFFFFFFFFFFFFFF"}, start, {**start, "run": run}, {**start, "runAt": "9999-12-31T23:59:59.999Z"}, {**start, "partitions": 0},
                   {**start, "format": "array", "delimiter": None, "header": None, "contentHash": None, "size": None, "path": "-"},
                   [{"field": "age", "code": "missing", "message": "is missing"}]]])

place = {"seq": 8, "offset": 90}
entry = {"version": 1, "cluster": "c", "topic": "t", "job": "0000000000000800000000000g", "state": "open", "path": "/data/a.csv", "label": "nightly",
         "contentHash": "00000000000000010000000000000002", "size": 123, "runAt": 1795305600123.0, "nonce": [1, 255], "position": 12, "rejects": 3,
         "partitions": [None, {"first": {"seq": 0, "offset": 4}, "last": place}]}
bits = 1 << 64 | 2
entry["job"] = "".join("0123456789abcdefghjkmnpqrstvwxyz"[(bits >> 123 - 5 * place & 31) if place < 25 else (bits << 2 & 31)] for place in range(26))
pushed = {**entry, "state": "pushed", "ends": [{"lastSeq": 7, "records": 7, "digest": "00000000000000ff"}], "partitions": [entry["partitions"][1]], "toldRejects": 3}
write("journal", [json.dumps(case) for case in [entry, pushed, {**entry, "state": "broken", "nonce": None, "size": None}, {**entry, "version": 2}, {**entry, "runAt": 253402300799000},
                                               {**entry, "runAt": 0.5}, {**entry, "partitions": []}]])

write("map", ["age=Alter,name=Full Name", "name=a,b=c,age=x", "name.firstName=Vorname,name.lastName=Name,address.city=Ort", "age=", "=x", " age=x", "name=x\nage=y\r\n\nemail=z",
              "address.a.b=x,address.c=y", "2026-11-24", "29.02.2024", "11/24/2026 12:30", "name,age,email", "a@b", "+43 (1) 23-45", "035.00", "name=\u0301,age=\u0301=,email=x", "1990-02-29", "2000-02-29T12:00:00Z", "24.11.2026", "24/11/1876", "1876-11-23", "1990-12-01", "150.000", "0000", "-1", "1e2", "0150", "151"])


def text(word):
    word = word if isinstance(word, bytes) else word.encode()
    return bytes([len(word)]) + word


def message(header=b"", value=b"", errors=b"", key=b"", form=0):
    """`form`: how the value is made (see makeValue), and 0x80 if a batch ends behind it."""
    known = 0 if not header else 2 if len(header) == 2 else 3
    return bytes([known | (4 if errors else 0) | (0x40 if key else 0) | form]) + header + errors + value + key


def ours(kind, seq, more=0, job=0): return bytes([kind | job << 3 | seq << 4, more])


begin = message(ours(0, 0), b"\x00", form=5 << 3)
ann = text("Ann") + text("35")
record = message(ours(1, 1), ann, form=2 << 3)
raw = message(ours(2, 2), text("Ann,x"), text(""), form=1 << 3)
end = message(ours(4, 3), b"\x02", form=4 << 3)
write("message", [
    b"\x00" + begin + record + raw + end, b"\x00" + begin + message(ours(1, 1), ann, form=2 << 3 | 0x80) + raw + message(ours(4, 3), b"\x02", form=4 << 3 | 0x80) + record,
    b"\x00" + begin + record + record + message(ours(1, 5), ann, form=2 << 3) + message(ours(5, 0)) + message(ours(3, 2), text("cut"), text('[{"field":"a"'), form=1 << 3),
    b"\x01" + begin + record, b"\x04" + message(ours(0, 0), b"\x08", form=5 << 3) + record, b"\x00" + message(ours(0, 0, job=1), b"\x00", form=5 << 3),
    b"\x00" + message(value=ann, key=text("k"), form=2 << 3) + message() + message(value=b"\x4c\x00", form=6 << 3) + message(value=b"\x4c\x01", form=6 << 3),
    b"\x00" + message(ours(1, 1) + b"\x00\x09", ann, form=2 << 3) + message(ours(1, 1) + b"\x01\x08", ann, form=2 << 3), b"\x00" + message(text("short"), form=0),
    b"\x08\x02" + message(ours(1, 2, 0x41), text('"email":null,"z":null'), form=3 << 3) + message(ours(1, 3, 0x3f), text('"email":"none"') + b"\0\0", form=3 << 3),
    b"\x03" + message(value=text('"email":"a@b",') + text('"phoneNumber":"+43 1 23"') + b"\0", form=3 << 3) + message(value=text('"phoneNumber":12345') + b"\0\0", form=3 << 3),
    b"\x00" + begin + message(ours(1, 1, 0x23), text("Ann"), form=7 << 3) + message(ours(4, 2), text("{}"), form=1 << 3), b"\x08\x43" + record, b"\x08\x23" + record,
    b"\x80" + text("t") + b"\0\1\0\0\0\1\0\1t\0\0\0\2\0\0\0\7\0\0\0\3", b"\x80" + text("") + b"\0\0\xff\xff\xff\xff", b"\x00" + begin + message(ours(1, 1), text('"email":"none"') + b"\0\0", form=3 << 3),
    b"\x80" + text("t") + b"\0\0\0\0\0\1\0\1t\0\0\0\3\0\0\0\7\0\0\0\3", b"\x80" + text("u") + b"\0\0\0\0\0\2\0\1u\0\0\0\1\xff\xff\xff\xff",
])

write("words", [
    "windows-1252", "utf8", "UTF-16le", "IBM037", "ISO-8859-1", "UTF-7", "crm.People", '"C""r".x', "größe_1$", "a.b.c", "90s", "24h", "106751991167300d", "0.5%", "10", "100%",
    "0.00001234567%", "tab", "bootstrap.servers=a:1\r\n # c\n\n sasl.password = p=q \n", "no value\n=x", '{"pid":4711,"host":"etl1","since":7e8,"command":"userload load a.csv"}',
    '{"pid":1,"host":"h","since":-1e300,"command":"\\u001b"}', "--label=a\n-qlx\n--\n-z", "--label\nx\n--map=a=b\n--map\nc\nfile\n-", "--count=101", "--count\n7\n--wait\n90s",
    "--lab=x", "--quiet=1", "--quiet\n-zq", "-\u00e9", "-l", "-h\nx", "--label=", "x\n--map=\u0301", '{"pid":-5,"host":"h","since":1,"command":"x"}', "5m",
])

write("terminal", [
    "plain text", "a\nb\r\tc", "\x1b[31mred\x1b[0m", "a\u202eb\u2066c\u200f", "\ufeffx\u2028y\U000e0041", b"\xc2\x9b31m\x7f\x00", b"caf\xe9 \xff\xfe", "\uefe9", "it's", "a'\u0301; rm x",
    "\\n stays", "$HOME `x` \"y\"", "\u4e2d\u6587 \U0001f600 e\u0301 wide", "a\x1fb'\\c", b"\x05wide \xe4\xb8\xad\xe6\x96\x87 words", "-rf", "~root", "\u05d0\u200e\u061c", b"\xc2\x90",
])


def fix(choices, *pieces, place=b"\x00\x03\x10\x0c", errors="age is missing"):
    return bytes([choices]) + place + text(errors) + b"\x1e".join(piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)


write("fix", [
    fix(0, "Bo,x,a@b,"), fix(2, "Bo;x", "Ann;3;a@b;c;d;;"), fix(4, 'Bo\tx\t"a\nb"\t'), fix(6, "Bo|x"), fix(8, "name,age,note", "Bo,x,", "Bo,3,x,y"), fix(8, "Full Name,Alter,a.b,Id,Id", '"Bo ""B""",x,1,2,3'),
    fix(8, "First Name,Last Name,Age,Mail,Phone", "Bo,Day,x,none,1"), fix(16, "Bo", "Bo,x"), fix(32, "Bo,NULL,NULL,x"), fix(0, b"Jos\xe9,x,\x81,"), fix(0, '"Bo,3', 'B"o,3,,'),
    fix(8, "_job,_reject,_line,_errors,name,age", "04hmasw9nf6yzzpwqac7cn1j20,1.2,3,bad,Bo,x"), fix(0, "Bo,x", errors="a,\"b\"\nc"),
    fix(1, '{"name":"Bo","age":"x"}', '{"name":"Ann","z":[1,{"a":null}]}'), fix(3, '{"Full Name":"Bo","Alter":"x"}', "{broken"), fix(3, ' {"name":"B",\n"age":1} '), fix(1, "[1]", '{"a":1}'),
    fix(1, '{"name":"B","age":151}', "{}"), fix(3, b'{"name":"Jos\xe9","age":"x"}'), fix(1, '{"_job":"x","_reject":1,"name":"B","age":"x"}'),
])
