//! Settings that are changed at the machine: the same as on the page, by the same rules.

use duikou_proto::v1::ListSettingsRequest;
use duikou_proto::v1::operator_service_client::OperatorServiceClient;
use duikou_proto::v1::token::Role;
use duikou_tests::harness::{Network, Server, WebCertificate};

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_changed_at_the_machine_as_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(2507)
        .web_certificate(&certificate)
        .setting("site.sponsor", "甲市人民政府办公室")
        .gateway()
        .node("bijie", &["bijie"])
        .start()
        .await;
    let node = net.node("bijie");
    let admin = node.let_in_administrator(&certificate).await;
    let json = async |server: &Server, args: &[&str]| -> serde_json::Value {
        let text = server.cli(&[args, &["--output", "json"]].concat()).await.done();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    };
    let shown = async || node.curl(&certificate, &["-H", "accept: text/html"], "/members").await.text();
    let told = node.cli(&["settings", "set", "--help"]).await.done();
    assert!(told.contains("settings set accounts.idle 30m"), "{told}");

    // Every setting is there, as the page has them; the gateway has the same command.
    let all = json(node, &["settings", "list"]).await;
    let of = |all: &serde_json::Value, key: &str| {
        all.as_array().unwrap().iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("{all}")).clone()
    };
    let sponsor = of(&all, "site.sponsor");
    assert_eq!((&sponsor["value"], &sponsor["setHere"]), (&"甲市人民政府办公室".into(), &false.into()), "{sponsor}");
    assert_eq!(of(&all, "web.listen")["changeable"], false);
    assert_eq!(sponsor["source"], "VARIABLE", "{sponsor}");
    let bytes = of(&all, "limits.token_bytes");
    assert_eq!(
        (&bytes["source"], &bytes["value"], &bytes["defaultValue"]),
        (&"DEFAULT".into(), &"".into(), &"4 GiB".into())
    );
    assert_eq!(node.cli(&["settings", "get", "limits.token_bytes"]).await.done().trim(), "4 GiB", "what holds");
    let changeable = json(node, &["settings", "list", "--changeable"]).await;
    assert!(changeable.as_array().unwrap().iter().all(|setting| setting["changeable"] == true), "{changeable}");
    assert_eq!(changeable.as_array().unwrap().len(), 15, "{changeable}");
    let set = json(net.gateway(), &["settings", "set", "site.sponsor", "网络中心"]).await;
    assert_eq!((&set["value"], &set["fileValue"]), (&"网络中心".into(), &"甲市人民政府办公室".into()), "{set}");

    // A change counts at once, above the file, on the page as well, and after a restart.
    let set = node.cli(&["settings", "set", "site.sponsor", "乙市人民政府办公室"]).await.done();
    assert!(set.contains("site.sponsor = 乙市人民政府办公室"), "{set}");
    assert!(shown().await.contains("乙市人民政府办公室"));
    let page = node.page(&certificate, &admin, "/admin/settings").await.text();
    assert!(page.contains("value=\"乙市人民政府办公室\"") && page.contains("在此处设置"), "{page}");
    node.restart().await;
    assert_eq!(node.cli(&["settings", "get", "site.sponsor"]).await.done().trim(), "乙市人民政府办公室");

    // What is wrong is refused by the rules of the file, and changes nothing.
    for (args, code, said) in [
        (&["set", "accounts.idle", "1s"][..], 65, "accounts.idle"),
        (&["set", "web.listen", "0.0.0.0:1"][..], 65, "web.listen"),
        (&["set", "site.colour", "red"][..], 65, "site.colour"),
        (&["set", "site.icp", ""][..], 65, "site.icp"),
        (&["set", "site.icp", "x"][..], 65, "ICP"),
        (&["set", "site.code", "abc"][..], 65, "4403000000"),
        (&["reset", "web.listen"][..], 65, "web.listen"),
        (&["get", "site.colour"][..], 1, "settings list"),
    ] {
        let refused = node.cli(&[&["settings"], args].concat()).await;
        assert_eq!(refused.code, code, "{args:?}: {refused:?}");
        assert!(refused.stderr.contains(said), "{args:?}: {refused:?}");
    }
    // The page says it beside the field, with what holds where nothing is set, and takes lengths of time in words.
    let wrong = [("site-police", "?"), ("site-code", "abc"), ("accounts-idle", "一会儿")];
    let refused = node.send(&certificate, &admin, "/admin/settings", &wrong).await;
    let text = refused.text();
    assert_eq!(refused.status, 400, "{text}");
    for (field, typed) in wrong {
        assert!(
            text.contains(&format!("id=\"{field}-error\"")) && text.contains(&format!("value=\"{typed}\"")),
            "{text}"
        );
    }
    for said in [
        "-usual\">默认：30分钟</p>",
        "-usual\">默认：12小时</p>",
        "应为时长，如 30秒",
        "默认：对口合作信息网",
        "默认：Regional Cooperation Exchange",
        "应为公安备案号",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let words = [("accounts-idle", "1小时"), ("site-code", "４４０３０００００１")];
    let set = node.send(&certificate, &admin, "/admin/settings", &words).await;
    assert_eq!(set.status, 303, "{}", set.text());
    let page = node.page(&certificate, &admin, "/admin/settings").await.text();
    assert!(page.contains("name=\"accounts-idle\" value=\"1小时\""), "{page}");
    let same = node.send(&certificate, &admin, "/admin/settings", &[("accounts-idle", "60 min")]).await;
    assert_eq!((same.status, same.header("set-cookie").contains("done-nothing")), (303, true), "{same:?}");
    for (key, value) in [("accounts.idle", "1h"), ("site.code", "4403000001")] {
        assert_eq!(node.cli(&["settings", "get", key]).await.done().trim(), value);
        node.cli(&["settings", "reset", key]).await.done();
    }
    // So does whoever looks at the file.
    let file = node.dir().join("duikou.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{before}\nicp = \"x\"\n")).unwrap();
    let checked = node.cli(&["config", "check", "--language", "zh"]).await;
    assert!(
        checked.code != 0 && checked.stderr.contains("site.icp") && checked.stderr.contains("备案号"),
        "{checked:?}"
    );
    std::fs::write(&file, before).unwrap();
    let reset = json(node, &["settings", "reset", "site.sponsor"]).await;
    assert_eq!((&reset["value"], &reset["setHere"]), (&"甲市人民政府办公室".into(), &false.into()), "{reset}");
    assert!(shown().await.contains("甲市人民政府办公室"));
    let trail = node.cli(&["audit", "export"]).await.done();
    assert_eq!(trail.matches("settings.set").count(), 6, "{trail}");

    // It is for whoever is at the machine: no token of the office's is enough.
    let secret = node.token("bijie", Role::Admin).await.unwrap();
    let web = node.web(certificate.client(), Some(&secret)).await.unwrap();
    let denied = OperatorServiceClient::new(web).list_settings(ListSettingsRequest {}).await.unwrap_err();
    assert_eq!(denied.code(), tonic::Code::Unimplemented, "{denied:?}");
    net.finish().await;
}
