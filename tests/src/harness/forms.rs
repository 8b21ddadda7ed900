//! Forms as a browser without scripts fills them in: what a page says is in them already.

/// What the form that leads to `action` holds when a page is opened: names and values in their order.
///
/// # Panics
/// Where the page has no such form.
pub fn filled(html: &str, action: &str) -> Vec<(String, String)> {
    let wanted = format!("action=\"{}\"", action.replace('&', "&#38;"));
    let mut forms = html.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap_or_default());
    let form = forms.find(|form| form.split('>').next().is_some_and(|tag| tag.contains(&wanted)));
    let form = form.unwrap_or_else(|| panic!("no form leads to {action}: {html}"));
    let mut fields = Vec::new();
    let mut rest = form;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let tag = rest.split('>').next().unwrap_or_default();
        let body = rest.get(tag.len() + 1..).unwrap_or_default();
        let Some(name) = attribute(tag, "name") else { continue };
        if tag.starts_with("input ") {
            let chosen = !["radio", "checkbox"].contains(&&*attribute(tag, "type").unwrap_or_default());
            if chosen || tag.contains(" checked") {
                fields.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        } else if tag.starts_with("select ") {
            let body = body.split("</select>").next().unwrap_or_default();
            let options: Vec<&str> =
                body.split("<option").skip(1).map(|option| option.split('>').next().unwrap_or_default()).collect();
            let chosen = options.iter().find(|option| option.contains(" selected")).or(options.first());
            fields.extend(chosen.map(|option| (name, attribute(option, "value").unwrap_or_default())));
        } else if tag.starts_with("textarea ") {
            let value = body.split("</textarea>").next().unwrap_or_default();
            fields.push((name, plain(value.trim_start_matches('\n'))));
        }
    }
    fields
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    Some(plain(value.split('"').next().unwrap_or_default()))
}

/// A text as it was before it was written into a page.
pub fn plain(html: &str) -> String {
    let pairs = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    pairs.iter().fold(html.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_sent_as_it_stands() {
        let html = "<form action=\"/a\"><input name=\"x\" value=\"1\"></form><form method=\"post\" action=\"/b\">\
            <input type=\"radio\" name=\"r\" value=\"1\"><input type=\"radio\" name=\"r\" value=\"2\" checked>\
            <select name=\"s\"><option value=\"\">-</option><option value=\"a&#38;b\" selected>A</option></select>\
            <select name=\"t\"><option value=\"first\">F</option></select><textarea name=\"u\">\nx&#60;y</textarea>\
            <input type=\"checkbox\" name=\"c\" value=\"on\"><button name=\"no\">N</button></form>";
        let pairs: Vec<(String, String)> = [("r", "2"), ("s", "a&b"), ("t", "first"), ("u", "x<y")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        assert_eq!(filled(html, "/b"), pairs);
    }
}
