//! What an office did over time, and what it gave and received, of the sums by month.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::directory::MemberState;
use duikou_proto::name::MemberId;
use tonic::{Request, Status};

use super::Office;
use crate::engine::Reader;
use crate::engine::dealings::Dealings;
use crate::engine::months::{Seen, Sums};
use crate::services::error::Failure;

/// Months that one question may ask for.
pub(crate) const MONTHS: usize = 24;

/// Both sides of something: what the office gave, and what it received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Both {
    pub(crate) gave: Sums,
    pub(crate) received: Sums,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// By month, `2026-11`: each that was asked for, oldest first.
    pub(crate) months: Vec<(String, Both)>,
    /// What was done for others and had of them beside listings, by the same months.
    pub(crate) dealings: Vec<(String, Dealings)>,
    /// By kind and direction, `project` and `offer`.
    pub(crate) kinds: BTreeMap<(String, String), Both>,
    /// Published, by the first two digits of the place's code, or the country: given, received.
    pub(crate) places: BTreeMap<String, (i64, i64)>,
    /// By the full id of the partner: what it may see of ours, and what of its own is for us.
    pub(crate) partners: BTreeMap<String, Both>,
    /// The same of all partners together: what is for several counts once.
    pub(crate) all_partners: Both,
}

impl Office {
    /// What the members of whoever asks did in these months (`2026-11`, ascending, at most [`MONTHS`]).
    ///
    /// # Errors
    /// Where the caller is of no member here, or the store cannot be read.
    pub(crate) async fn figures(&self, request: Request<Vec<String>>) -> Result<Figures, Status> {
        let (caller, language, mut months) = self.of_office(request).await?;
        months.truncate(MONTHS);
        self.figures_for(&caller.reader, &months).await.map_err(|failure| failure.status(language))
    }

    async fn figures_for(&self, reader: &Reader, months: &[String]) -> Result<Figures, Failure> {
        let engine = &self.door.engine;
        let (own, directory) = (self.own(reader), engine.directory());
        let first = months.first().map_or("", String::as_str);
        let seen = engine.months(reader, first).await?;
        let active = directory.members().filter(|member| member.state == MemberState::Active);
        let partners: Vec<MemberId> = active.map(|member| member.id.clone()).filter(|id| !own.contains(id)).collect();
        let rights: Vec<_> = partners.iter().map(|id| (id, engine.viewer(&Reader::Member(id.clone())))).collect();
        let mut figures = Figures {
            months: months.iter().map(|month| (month.clone(), Both::default())).collect(),
            dealings: months.iter().map(|month| (month.clone(), Dealings::default())).collect(),
            partners: partners.iter().map(|id| (id.to_string(), Both::default())).collect(),
            ..Figures::default()
        };
        let own: BTreeSet<String> = own.iter().map(MemberId::to_string).collect();
        for Seen { month, origin, audience, happened } in seen {
            let Some((_, of_month)) = figures.months.iter_mut().find(|(known, _)| *known == month) else { continue };
            let gave = own.contains(&origin);
            let mut all = Sums::default();
            for (class, sums) in &happened.kinds {
                let (kind, direction) = class.split_once('/').unwrap_or((class, ""));
                let both = figures.kinds.entry((kind.to_owned(), direction.to_owned())).or_default();
                if gave {
                    both.gave.add(sums)
                } else {
                    both.received.add(sums)
                }
                all.add(sums);
            }
            if gave {
                of_month.gave.add(&all)
            } else {
                of_month.received.add(&all)
            }
            for (place, count) in &happened.places {
                let both = figures.places.entry(place.clone()).or_default();
                if gave { both.0 += count } else { both.1 += count }
            }
            if gave {
                let mut told = false;
                for (partner, viewer) in &rights {
                    if viewer.may_know_of(&origin, &audience, &directory)
                        && let Some(both) = figures.partners.get_mut(partner.as_str())
                    {
                        both.gave.add(&all);
                        told = true;
                    }
                }
                if told {
                    figures.all_partners.gave.add(&all);
                }
            } else if let Some(both) = figures.partners.get_mut(&origin) {
                both.received.add(&all);
                figures.all_partners.received.add(&all);
            }
        }
        for (month, member, dealt) in engine.dealings(first).await? {
            let of_month = figures.dealings.iter_mut().find(|(known, _)| *known == month);
            if let Some((_, sums)) = of_month.filter(|_| own.contains(&member)) {
                sums.add(&dealt);
            }
        }
        Ok(figures)
    }
}
