//! Files that mean harm, and cells that are computed.

use super::*;

/// A workbook of one sheet with `rows` as its XML.
fn workbook(rows: &str, further: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    );
    let entries = [
        ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
        (
            "_rels/.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>",
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>",
        ),
        ("xl/worksheets/sheet1.xml", &*sheet),
    ];
    for (name, text) in entries.iter().chain(further) {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn inline(reference: &str, text: &str) -> String {
    format!("<c r=\"{reference}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

#[test]
fn files_that_mean_harm_are_refused_for_what_they_are() {
    let refused = |bytes: &[u8], name: &str| read(bytes, name).unwrap_err();
    // A bomb: a few kilobytes that unpack to megabytes.
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
    let spaces = vec![b' '; 1024 * 1024];
    for _ in 0..6 {
        writer.write_all(&spaces).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    assert!(bomb.len() < 100_000);
    let within = |bound| unpack::count_within(&bomb, Format::Xlsx, bound).err();
    assert_eq!((within(6 << 20), within((6 << 20) - 1)), (None, Some(SheetError::Unpacks)));

    let million: String =
        (1..=60_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>")).collect();
    assert_eq!(refused(&workbook(&million, &[]), "rows.xlsx"), SheetError::Rows("a".into()));
    let far = "<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row>";
    assert_eq!(refused(&workbook(far, &[]), "far.xlsx"), SheetError::Columns("a".into()));
    let long = format!("<row r=\"1\">{}</row>", inline("A1", &"x".repeat(40_000)));
    assert_eq!(refused(&workbook(&long, &[]), "long.xlsx"), SheetError::CellTooLong("A1".into()));
    assert!(matches!(refused(&bomb[..bomb.len() / 2], "cut.xlsx"), SheetError::Broken(_)));
    assert!(matches!(refused(b"PK\x03\x04 nonsense", "x.xlsx"), SheetError::Broken(_)));
    assert_eq!(refused(&vec![b','; crate::limits::SHEET_BYTES + 1], "large.csv"), SheetError::TooLarge);
    assert_eq!(refused(b"%PDF-1.7", "x.csv"), SheetError::Unknown);
    assert_eq!(refused(b"<html><table>", "x.xls"), SheetError::Unknown);
    assert_eq!(refused(&[0, 1, 2, 3], "x.csv"), SheetError::Unknown);
    assert_eq!(refused(&workbook("", &[]), "x.csv"), SheetError::Extension { is: Format::Xlsx });
    assert_eq!(refused("甲,乙\n1,2\n".as_bytes(), "x.xlsx"), SheetError::Extension { is: Format::Csv });
    // Of what cannot be read under another name none is advised.
    for (bytes, name) in [(&b""[..], "e.xlsx"), (b"", "e.csv"), (b" \r\n", "e"), (b"404 Not Found\nnginx\n", "x.xlsx")]
    {
        assert_eq!(refused(bytes, name), SheetError::Empty, "{name}");
    }
    assert_eq!(refused(&workbook("", &[]), "x.xlsx"), SheetError::Empty);
    let whole = sample("黔南_招商项目_2027.xlsx");
    assert!(matches!(refused(&whole[..whole.len() / 2], "x.csv"), SheetError::Broken(_)));
    assert_eq!(refused("标题,地区\n".as_bytes(), "x.xlsx"), SheetError::Extension { is: Format::Csv });
    let mut compound = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    assert!(matches!(refused(&compound, "x.xls"), SheetError::Broken(_)));
    compound.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(refused(&compound, "x.xlsx"), SheetError::Protected);

    let ods = |content: &str| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        writer.start_file("mimetype", stored).unwrap();
        writer.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
        writer.start_file("content.xml", SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
        writer.finish().unwrap().into_inner()
    };
    let repeated = "<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1000000\"><table:table-cell office:value-type=\"float\" office:value=\"1\"/></table:table-row></table:table>";
    assert_eq!(refused(&ods(repeated), "x.ods"), SheetError::Rows("ods".into()));
    let wide = "<table:table table:name=\"a\"><table:table-row><table:table-cell table:number-columns-repeated=\"16000\"/><table:table-cell office:value=\"1\"/></table:table-row></table:table>";
    assert_eq!(refused(&ods(wide), "x.ods"), SheetError::Columns("ods".into()));
}

#[test]
fn what_is_computed_or_merged_is_seen_wherever_it_stands_and_whatever_its_namespace_is_called() {
    let seen = |before: usize, tag: &str| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("xl/worksheets/sheet1.xml", SimpleFileOptions::default()).unwrap();
        writer.write_all(&[b" ".repeat(before), tag.into(), b"<v>1</v>".to_vec()].concat()).unwrap();
        let seen = unpack::count(&writer.finish().unwrap().into_inner(), Format::Xlsx).unwrap();
        (seen.formulas, seen.merges)
    };
    for (tag, expected) in [
        ("<f>1+1</f>", (true, false)),
        ("<x:f t=\"shared\"/>", (true, false)),
        ("<mergeCell ref=\"A1:B1\"/>", (false, true)),
        ("<x:mergeCells>", (false, true)),
        ("<font/> of <mer ge/>", (false, false)),
    ] {
        // It is read by pieces of 64 KiB.
        for before in (0..3).chain(65_500..65_560) {
            assert_eq!(seen(before, tag), expected, "{tag} after {before} bytes");
        }
    }
}

#[test]
fn computed_cells_have_the_values_with_which_they_were_saved() {
    let header = format!("<row r=\"1\">{}{}{}</row>", inline("A1", "标题"), inline("B1", "地区"), inline("C1", "人数"));
    let row = |row: u32, cell: &str| {
        let (title, place) = (inline(&format!("A{row}"), &format!("招工{row}")), inline(&format!("B{row}"), "毕节市"));
        format!("<row r=\"{row}\">{title}{place}{cell}</row>")
    };
    let rows = format!(
        "{header}{}{}{}",
        row(2, "<c r=\"C2\"><f>1+1</f><v>2</v></c>"),
        row(3, "<c r=\"C3\"><f>[1]a!B2</f></c>"),
        row(4, "<c r=\"C4\" t=\"e\"><v>#REF!</v></c>"),
    );
    let book = read(&workbook(&rows, &[("xl/externalLinks/externalLink1.xml", "<externalLink/>")]), "x.xlsx").unwrap();
    assert!(book.external_links);
    let values = [("direction", "供给"), ("supply_type", "岗位"), ("occupation", "普工")];
    let values = values.map(|(field, value)| (field.to_owned(), value.to_owned()));
    let mapping = Mapping { kind: Some("talent".into()), values: values.into(), ..Mapping::default() };
    let table = tables(book.clone(), &Setting { mapping, ..setting() }).unwrap().remove(0);
    assert_eq!((table.count(State::Good), wrong(&table)), (1, vec!["C3".to_owned(), "C4".to_owned()]));
    assert!(table.notes.iter().any(|note| note.en.contains("other files")));
}
