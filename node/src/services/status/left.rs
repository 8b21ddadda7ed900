//! What members that have left have left behind in files, as an alarm: nobody else has it.

use std::collections::BTreeSet;
use std::path::Path;

use duikou_proto::language::Text;

use super::{Alert, Context};
use crate::departure::FOLDER;

/// Files that are looked at.
const FILES: usize = 1_000;
/// Files, and members, that the alarm names.
const NAMED: usize = 6;
/// What is taken in at another node; what lies beside it is for whoever has to prove something.
const KINDS: [&str; 2] = ["jsonl", "office"];

/// All of it.
pub(super) async fn alert(context: &Context) -> Option<Alert> {
    let folder = context.data.join(FOLDER);
    let files = tokio::task::spawn_blocking(move || files(&folder)).await.unwrap_or_default();
    told(&files)
}

/// Those that hold something, by name.
fn files(folder: &Path) -> BTreeSet<String> {
    let waits = |entry: std::fs::DirEntry| {
        let filled = entry.metadata().is_ok_and(|about| about.is_file() && about.len() > 0);
        let name = entry.file_name().into_string().ok()?;
        let kind = Path::new(&name).extension()?.to_str()?.to_owned();
        (filled && KINDS.contains(&&*kind)).then_some(name)
    };
    // A folder that is not there is one out of which nobody has left.
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(FILES);
    entries.filter_map(|entry| waits(entry.ok()?)).collect()
}

fn told(files: &BTreeSet<String>) -> Option<Alert> {
    if files.is_empty() {
        return None;
    }
    // `MEMBER-ENTRY.KIND`
    let members: BTreeSet<&str> = files.iter().filter_map(|file| Some(file.rsplit_once('-')?.0)).collect();
    let members: Vec<&str> = members.into_iter().take(NAMED).collect();
    let named: Vec<&str> = files.iter().take(NAMED).map(String::as_str).collect();
    let (zh, en) = (members.join("、"), members.join(", "));
    let files = named.join(" ");
    Some(Alert {
        code: "DEPARTED",
        message: Text::new(
            format!("成员{zh}已离开本机，留下的内容在 {FOLDER}/ 中，等待导入其新节点：{files}。"),
            format!("{en} left this server. What is still to be taken to the new node lies in {FOLDER}/: {files}."),
        ),
        remedy: Text::new(
            "在新节点上对 .jsonl 执行 duikou-node import，对 .office 执行 duikou-node drafts take-in；之后把这些文件移到别处，告警即消失。",
            "On the new node: duikou-node import for .jsonl, duikou-node drafts take-in for .office. Then move the files elsewhere, and the alarm ends.",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_to_be_imported_is_named_until_it_is_moved_away() {
        let folder = tempfile::tempdir().unwrap();
        let departed = folder.path().join(FOLDER);
        assert!(told(&files(&departed)).is_none(), "nobody has left");
        std::fs::create_dir(&departed).unwrap();
        for (file, text) in [
            ("bijie-7.jsonl", "{}"),
            ("bijie-7.parts", "x"),
            ("bijie-7.office", ""),
            ("pan-prd-office-9.office", "{}"),
            ("notes", "x"),
        ] {
            std::fs::write(departed.join(file), text).unwrap();
        }
        let alert = told(&files(&departed)).unwrap();
        for said in ["bijie, pan-prd-office left", "departed/: bijie-7.jsonl pan-prd-office-9.office."] {
            assert!(alert.message.en.contains(said), "{alert:?}");
        }
        for file in ["bijie-7.jsonl", "pan-prd-office-9.office"] {
            std::fs::rename(departed.join(file), folder.path().join(file)).unwrap();
        }
        assert!(told(&files(&departed)).is_none());
    }
}
