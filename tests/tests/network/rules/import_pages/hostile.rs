//! Files that are no tables, ids of others' imports, and people who may not: the proper error, and nothing changes.

use duikou_tests::harness::{Network, WebCertificate, python};

use super::{Clerk, held, sample};

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hexadecimal.trim().bytes().map(|digit| char::from(digit).to_digit(16).unwrap() as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_table_gets_its_error_at_once_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2506).web_certificate(&certificate).gateway().node("bijie", &["bijie"]).start().await;
    let node = net.node("bijie");
    let clerk = Clerk::of(node, &certificate, "li.ming", &["bijie=editor"]).await;
    let good = std::fs::read(sample("黔南_招商项目_2027.xlsx")).unwrap();
    let mut protected = vec![0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
    protected.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    let rows = |count: usize| format!("标题,地区\n{}", "甲,毕节\n".repeat(count)).into_bytes();
    for (name, bytes, said) in [
        ("called.csv", good.clone(), "扩展名不符"),
        ("cut.xlsx", good[..good.len() / 2].to_vec(), "已损坏"),
        ("protected.xlsx", protected, "打开密码"),
        ("page.xls", b"<html><table></table></html>".to_vec(), "不是表格文件"),
        ("nothing.xlsx", Vec::new(), "没有下载完整"),
        ("answer.xlsx", b"404 Not Found\n".to_vec(), "没有下载完整"),
        ("picture.csv", vec![0x89, b'P', b'N', b'G', 0, 1, 2], "不是表格文件"),
        ("bomb.xlsx", bytes_of(&python("zip_bomb.py", b"").await), "解压后过大"),
        ("rows.csv", rows(60_000), "超过 50000 行"),
        ("million.csv", rows(1_000_000), "超过 50000 行"),
        ("large.csv", vec![b'a'; 33 * 1024 * 1024], "超过 32 MiB"),
    ] {
        let file = folder.path().join("sent");
        std::fs::write(&file, bytes).unwrap();
        let answer = clerk.upload(&file, name).await;
        let text = answer.text();
        assert_eq!(answer.status, 400, "{name}: {text}");
        assert!(text.contains(said) && text.contains("id=\"file-error\""), "{name}: {text}");
    }
    let cookie = format!("cookie: {}={}", duikou_tests::harness::SESSION_COOKIE, clerk.session);
    let nothing = ["-H", "accept: text/html", "-H", &cookie, "-F", "file=;filename="];
    let nothing = node.curl(&certificate, &nothing, "/import").await;
    assert!(nothing.status == 400 && nothing.text().contains("file-error"), "{nothing:?}");
    let page = clerk.get("/import").await.text();
    assert!(!page.contains("/import/0"), "none of them is kept: {page}");
    // A name is shown without what is no part of it.
    let file = folder.path().join("sent");
    std::fs::write(&file, rows(1)).unwrap();
    let broken = clerk.upload(&file, "\u{1b}[31modd.csv").await;
    assert_eq!(broken.status, 400, "no head of a part holds such characters: {}", broken.text());
    let odd = clerk.upload(&file, "../../<b>\u{202e}odd.csv").await;
    assert_eq!(odd.status, 303, "{}", odd.text());
    let page = clerk.get("/import").await.text();
    assert!(page.contains("&#60;b&#62;odd.csv") && !page.contains('\u{202e}'), "{page}");
    assert_eq!(page.matches("href=\"/import/0").count(), 1, "{page}");
    assert_eq!(held(node, "bijie").await, []);
    let template = clerk.get("/import/template/talent.xlsx").await;
    let book = duikou_node::sheets::read(&template.body, "talent.xlsx").unwrap();
    assert_eq!(book.sheets.len(), 1, "the lists are hidden");
    assert_eq!(clerk.get("/import/template/tea.xlsx").await.status, 404);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_are_their_owners_and_editors_alone_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(2507).web_certificate(&certificate).gateway().node("offices", &["bijie", "zunyi"]).start().await;
    let node = net.node("offices");
    let owner = Clerk::of(node, &certificate, "li.ming", &["bijie=editor", "zunyi=editor"]).await;
    let other = Clerk::of(node, &certificate, "wang.wei", &["bijie=admin"]).await;
    let reader = Clerk::of(node, &certificate, "zhao", &["bijie=viewer"]).await;
    let path = owner.begin(&sample("毕节_劳务_2026.xlsx")).await;
    let absent = "/import/01930000-0000-7000-8000-000000000000";
    let gets = ["", "/columns", "/progress", "/wrong.xlsx"];
    let posts = ["/columns", "/table", "/publish", "/stop", "/delete"];
    for (clerk, status) in [(&other, 404), (&reader, 403)] {
        for (path, expected) in [(&*path, status), (absent, status), ("/import/..%2F..%2Fkeys", status)] {
            for rest in gets {
                let answer = clerk.get(&format!("{path}{rest}")).await;
                let hidden = status == 403 && ["/progress", "/wrong.xlsx"].contains(&rest);
                let expected = if hidden { 404 } else { expected };
                assert_eq!(answer.status, expected, "{path}{rest}: {}", answer.text());
            }
            for rest in posts {
                let answer = clerk.send(&format!("{path}{rest}"), &[]).await;
                let hidden = status == 403 && ["/stop", "/delete"].contains(&rest);
                let expected = if hidden { 404 } else { expected };
                assert_eq!(answer.status, expected, "{path}{rest}: {}", answer.text());
            }
        }
    }
    let refused = reader.upload(&sample("毕节_劳务_2026.xlsx"), "x.xlsx").await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(!reader.get("/").await.text().contains("href=\"/import\""), "nobody is shown what they may not do");
    // Whoever acts for another member by now is told so, and led back; it is on no list of that one.
    let switched = node.send(&certificate, &owner.session, "/session/member", &[("member", "zunyi")]).await;
    let elsewhere = Clerk { node, certificate: &certificate, session: switched.session() };
    let led_back = elsewhere.get(&path).await;
    assert!(
        led_back.status == 409 && led_back.text().contains("stack block\" method=\"post\" action=\"/session/member\""),
        "{led_back:?}"
    );
    assert!(!elsewhere.get("/import").await.text().contains("毕节_劳务"));
    let back = node.send(&certificate, &elsewhere.session, "/session/member", &[("member", "bijie")]).await;
    let owner = Clerk { node, certificate: &certificate, session: back.session() };
    assert_eq!(owner.get(&path).await.status, 200, "nothing was done to it");
    assert_eq!(held(node, "bijie").await, []);
    let away = node.curl(&certificate, &["-H", "accept: text/html"], "/import").await;
    assert_eq!((away.status, away.header("location")), (303, "/sign-in?back=%2Fimport"), "{away:?}");
    net.finish().await;
}
