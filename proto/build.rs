//! Compiles the contract without an installed `protoc`, and keeps its descriptors for reflection and JSON.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    for folder in ["proto", "third_party", "data"] {
        println!("cargo:rerun-if-changed={folder}");
    }

    let mut files = Vec::new();
    collect(Path::new("proto"), &mut files)?;
    files.sort();
    let compiled = |comments: bool| -> Result<Vec<u8>, protox::Error> {
        let mut compiler = protox::Compiler::new(["proto", "third_party"])?;
        compiler.include_imports(true).include_source_info(comments).open_files(&files)?;
        Ok(compiler.encode_file_descriptor_set())
    };
    let descriptors = compiled(true)?;
    std::fs::write(out.join("commented.bin"), &descriptors)?;
    std::fs::write(out.join("descriptors.bin"), compiled(false)?)?;

    tonic_prost_build::configure()
        .codec_path("crate::codec::Codec")
        .bytes(".duikou.v1.Signed.payload")
        .bytes(".duikou.v1.Record.body")
        .bytes(".duikou.federation.v1.Batch.parts")
        .bytes(".duikou.federation.v1.Parts.parts")
        .compile_well_known_types(false)
        .compile_fds(prost_types(&descriptors)?)?;

    // A listing names divisions of China by their own codes, so ISO's four codes for China are no regions of it.
    let mut regions = rows("regions")?;
    regions.extend(rows("countries")?.into_iter().filter(|row| !["CN", "HK", "MO", "TW"].contains(&&*row["code"])));
    write_entries(&out, "regions", regions)?;
    for table in ["industries", "occupations"] {
        write_entries(&out, table, rows(table)?)?;
    }
    write_currencies(&out, rows("currencies")?)?;
    Ok(())
}

type Row = std::collections::BTreeMap<String, String>;

fn rows(table: &str) -> Result<Vec<Row>, csv::Error> {
    let mut reader = csv::Reader::from_path(format!("data/{table}.csv"))?;
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let row = |record: csv::StringRecord| columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect();
    reader.records().map(|record| record.map(row)).collect()
}

fn write_entries(out: &Path, table: &str, mut rows: Vec<Row>) -> Result<(), Box<dyn std::error::Error>> {
    sort_by_code(table, &mut rows)?;
    let codes: std::collections::BTreeSet<&str> = rows.iter().map(|row| &*row["code"]).collect();
    let mut source = String::from("&[\n");
    for row in &rows {
        let column = |name: &str| row.get(name).map_or("", String::as_str);
        let parent = Some(column("parent")).filter(|parent| !parent.is_empty());
        if let Some(parent) = parent.filter(|parent| !codes.contains(parent)) {
            return Err(format!("{table}.csv: {} lies in {parent}, which is absent", column("code")).into());
        }
        let level = Some(column("level")).filter(|level| !level.is_empty()).unwrap_or("country");
        writeln!(
            source,
            "Entry {{ code: {:?}, name_zh: {:?}, name_en: {:?}, parent: {parent:?}, level: {level:?} }},",
            column("code"),
            column("name_zh"),
            column("name_en"),
        )?;
    }
    source.push(']');
    Ok(std::fs::write(out.join(format!("{table}.rs")), source)?)
}

fn write_currencies(out: &Path, mut rows: Vec<Row>) -> Result<(), Box<dyn std::error::Error>> {
    sort_by_code("currencies", &mut rows)?;
    let mut source = String::from("&[\n");
    for row in &rows {
        let exponent = match &*row["exponent"] {
            "" => None,
            digits => Some(digits.parse::<u8>()?),
        };
        writeln!(source, "Currency {{ code: {:?}, exponent: {exponent:?}, name: {:?} }},", row["code"], row["name"])?;
    }
    source.push(']');
    Ok(std::fs::write(out.join("currencies.rs"), source)?)
}

/// Look-ups search by halves, so the order is that of the bytes and no code may come twice.
fn sort_by_code(table: &str, rows: &mut [Row]) -> Result<(), String> {
    rows.sort_by(|a, b| a["code"].cmp(&b["code"]));
    match rows.windows(2).find(|pair| pair[0]["code"] == pair[1]["code"]) {
        Some(pair) => Err(format!("{table}.csv: {} comes twice", pair[0]["code"])),
        None => Ok(()),
    }
}

fn prost_types(descriptors: &[u8]) -> Result<tonic_prost_build::FileDescriptorSet, prost::DecodeError> {
    tonic_prost_build::FileDescriptorSet::decode(descriptors)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path.strip_prefix("proto").expect("collected below it").to_owned());
        }
    }
    Ok(())
}
