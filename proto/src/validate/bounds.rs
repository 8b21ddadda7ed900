//! The numbers of `opportunity.proto`. Lengths are in characters (Unicode scalar values).

use std::ops::RangeInclusive;

/// A listing's title.
pub const TITLE_CHARS: usize = 120;
/// A listing's summary.
pub const SUMMARY_CHARS: usize = 500;
/// A listing's body.
pub const BODY_CHARS: usize = 20_000;
/// Regions of a listing; at least one.
pub const REGIONS: usize = 64;
/// Industries of a listing.
pub const INDUSTRIES: usize = 16;
/// Tags of a listing.
pub const TAGS: usize = 16;
/// A tag.
pub const TAG_CHARS: usize = 32;
/// Links of a listing.
pub const LINKS: usize = 16;
/// Attachments of a listing.
pub const ATTACHMENTS: usize = 16;
/// External codes of a listing.
pub const EXTERNAL_CODES: usize = 16;

/// A contact's office.
pub const OFFICE_CHARS: usize = 120;
/// A contact's person.
pub const PERSON_CHARS: usize = 60;
/// A contact's e-mail address.
pub const EMAIL_CHARS: usize = 254;
/// A contact's telephone number.
pub const PHONE_CHARS: usize = 40;
/// A contact's postal address.
pub const ADDRESS_CHARS: usize = 200;

/// A link's title.
pub const LINK_TITLE_CHARS: usize = 120;
/// Any web address.
pub const URL_CHARS: usize = 2_000;

/// An attachment's name.
pub const ATTACHMENT_NAME_CHARS: usize = 120;
/// An attachment's media type.
pub const MEDIA_TYPE_CHARS: usize = 100;
/// An attachment's size in bytes, up to 1 GiB.
pub const ATTACHMENT_BYTES: RangeInclusive<i64> = 1..=1 << 30;
/// A BLAKE3 hash in bytes.
pub const HASH_BYTES: usize = 32;

/// An external code.
pub const EXTERNAL_CODE_CHARS: usize = 64;
/// The name of the register of an external code.
pub const REGISTER_CHARS: usize = 60;

/// The texts of terms: conditions, land, policy, training.
pub const TERMS_CHARS: usize = 2_000;
/// Stages of a capital listing.
pub const STAGES: usize = 6;
/// Cooperation modes of a project.
pub const COOPERATION_MODES: usize = 9;

/// A technology's readiness level; 0 where it is not said.
pub const MATURITY_TRL: RangeInclusive<i64> = 0..=9;
/// Patent numbers of a technology.
pub const PATENT_NUMBERS: usize = 16;
/// A patent number.
pub const PATENT_NUMBER_CHARS: usize = 64;
/// Transfer modes of a technology.
pub const TRANSFER_MODES: usize = 6;

/// The name of an occupation.
pub const OCCUPATION_NAME_CHARS: usize = 60;
/// People of a talent listing.
pub const HEADCOUNT: RangeInclusive<i64> = 1..=1_000_000;

/// An event's venue.
pub const VENUE_CHARS: usize = 200;
/// People at an event; 0 where it is not limited.
pub const CAPACITY: RangeInclusive<i64> = 0..=1_000_000;
