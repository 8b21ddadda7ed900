//! What goes with a listing: contact, links, attachments, numbers in other registers.

use super::credit_code::is_credit_code;
use super::{Check, bounds, format, reason};
use crate::v1;
use crate::v1::external_code::Scheme;

pub(crate) fn contact(check: &mut Check<'_>, contact: &v1::Contact) {
    check.line("office", &contact.office, bounds::OFFICE_CHARS);
    check.line("person", &contact.person, bounds::PERSON_CHARS);
    check.formatted("email", &contact.email, bounds::EMAIL_CHARS, format::is_email, "office@city.example");
    check.formatted("phone", &contact.phone, bounds::PHONE_CHARS, format::is_phone, "+86 755 1234 5678");
    check.line("address", &contact.address, bounds::ADDRESS_CHARS);
}

pub(crate) fn link(check: &mut Check<'_>, link: &v1::Link) {
    check.required_line("title", &link.title, bounds::LINK_TITLE_CHARS);
    if link.url.is_empty() {
        check.absent("url");
    }
    check.url("url", &link.url);
}

pub(crate) fn attachment(check: &mut Check<'_>, attachment: &v1::Attachment) {
    check.required_line("name", &attachment.name, bounds::ATTACHMENT_NAME_CHARS);
    if attachment.media_type.is_empty() {
        check.absent("media_type");
    }
    let (media_type, max) = (&attachment.media_type, bounds::MEDIA_TYPE_CHARS);
    check.formatted("media_type", media_type, max, format::is_media_type, "application/pdf");
    check.required_number("size_bytes", attachment.size_bytes, bounds::ATTACHMENT_BYTES);
    match attachment.blake3.len() {
        0 => check.absent("blake3"),
        bounds::HASH_BYTES => {}
        length => check.fail(
            "blake3",
            reason::BAD_FORMAT,
            format!("哈希值为{length}字节，应为{}字节的 BLAKE3 值。", bounds::HASH_BYTES),
            format!("The hash has {length} bytes: give the {} bytes of BLAKE3.", bounds::HASH_BYTES),
        ),
    }
    check.url("url", &attachment.url);
}

pub(crate) fn external_code(check: &mut Check<'_>, external: &v1::ExternalCode) {
    check.required_choice::<Scheme>("scheme", external.scheme);
    let scheme = Scheme::try_from(external.scheme).unwrap_or(Scheme::Unspecified);
    if check.required_line("code", &external.code, bounds::EXTERNAL_CODE_CHARS) {
        match scheme {
            Scheme::InvestmentProject if !format::is_investment_project(&external.code) => {
                check.bad_format("code", "2401-440300-04-01-123456");
            }
            Scheme::CreditCode if !is_credit_code(&external.code) => check.fail(
                "code",
                reason::BAD_FORMAT,
                "统一社会信用代码应为18位且校验码正确，请核对。",
                "A unified social credit code has 18 characters and a check character that fits: compare it.",
            ),
            Scheme::InvestmentProject | Scheme::CreditCode => {}
            Scheme::Patent | Scheme::Other | Scheme::Unspecified => {}
        }
    }
    if scheme == Scheme::Other {
        check.required_line("register", &external.register, bounds::REGISTER_CHARS);
    } else if check.line("register", &external.register, bounds::REGISTER_CHARS) {
        check.fail(
            "register",
            reason::INCONSISTENT,
            "仅当类别为“其他”时才填写登记机构，请清空或改选类别。",
            "A register is named only where the scheme is OTHER: leave it empty or change the scheme.",
        );
    }
}
