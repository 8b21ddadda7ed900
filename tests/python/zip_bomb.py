"""Writes a workbook whose one sheet unpacks to 400 MB, in hexadecimal."""

import io
import sys
import zipfile

out = io.BytesIO()
with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
    book.writestr("[Content_Types].xml", "<Types/>")
    book.writestr("xl/workbook.xml", "<workbook/>")
    with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
        for _ in range(400):
            sheet.write(b" " * 1_000_000)
sys.stdout.write(out.getvalue().hex())
