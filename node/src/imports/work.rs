//! An import is read and sent, as a trial or for good, row by row as the services answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use duikou_proto::language::{Language, Text};
use duikou_proto::name::MemberId;
use duikou_proto::v1::approval_policy::Rule;
use duikou_proto::v1::batch_create_listings_response::Result as Answered;
use duikou_proto::v1::directory_service_server::DirectoryService;
use duikou_proto::v1::draft_service_server::DraftService;
use duikou_proto::v1::listing_service_server::ListingService;
use duikou_proto::v1::search_service_server::SearchService;
use duikou_proto::v1::{
    Duplicate, FindDuplicatesRequest, GetApprovalPolicyRequest, ListCirclesRequest, ListMembersRequest,
};
use futures_util::StreamExt;
use http::header::ACCEPT_LANGUAGE;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use super::desk::{Imports, Step, UnderWay, blocking};
use super::fact::{Import, Phase, Said};
use super::files::NotTaken;
use super::rows;
use crate::accounts::{Accounts, Person};
use crate::limits;
use crate::services::{Identified, InProcess};
use crate::sheets::batch::{Batch, batches};
use crate::sheets::fields::Field;
use crate::sheets::remembered::remember;
use crate::sheets::{Mapping, Packed, Remark, Setting, SheetError, State, Table, faults, tables_without_cells};
use crate::typed::Names;

/// Batches that are under way at once: one is written while the next is on its way.
const UNDER_WAY: usize = 2;
/// How often services that are busy are asked again.
const TRIES: u32 = 6;
/// How long after the first try; each further wait is twice as long.
const FIRST_WAIT: std::time::Duration = std::time::Duration::from_millis(250);
/// Members in one answer.
const MEMBERS: i32 = 1_000;

/// Something to be done with an import, by somebody.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) import: Import,
    /// It is published; else it is only found out what that would do.
    pub(crate) publishes: bool,
    pub(crate) person: Arc<Person>,
    pub(crate) accounts: Accounts,
    pub(crate) services: InProcess,
    pub(crate) language: Language,
}

/// Where an import stopped.
enum Stopped {
    /// Somebody stopped it, or the server does.
    Told,
    /// It cannot go on.
    Failed(NotTaken),
    /// The services do not go on.
    Refused(Status),
}

impl From<NotTaken> for Stopped {
    fn from(error: NotTaken) -> Self {
        Self::Failed(error)
    }
}

impl From<Status> for Stopped {
    fn from(status: Status) -> Self {
        Self::Refused(status)
    }
}

impl Job {
    /// Does it, and writes down what came of it.
    pub(super) async fn run(self, desk: &Imports, under_way: &UnderWay) {
        let Err(stopped) = self.go(desk, under_way).await else { return };
        let (field, text) = match stopped {
            // What has been sent is sent; the page says that it broke off, and how far it came.
            Stopped::Told => return,
            Stopped::Refused(status) => (String::new(), Text::same(status.message())),
            Stopped::Failed(NotTaken::Sheet(error)) => (field_of(&error), error.text()),
            Stopped::Failed(NotTaken::Gone) => return,
            Stopped::Failed(error) => {
                tracing::error!(error = %crate::error::chain(&error), import = %self.import.id, "an import stopped");
                let text = Text::new(
                    "服务器无法读写导入文件，请联系管理员后重试。",
                    "This server cannot read or write the files of the import: tell its administrator, then try again.",
                );
                (String::new(), text)
            }
        };
        let publishes = self.publishes;
        let change = desk.change(&self.import, move |import| {
            import.fault = Some((field, Said::from(&text)));
            if !publishes {
                import.phase = Phase::Sent;
            }
        });
        if let Err(error) = change.await {
            tracing::warn!(error = %crate::error::chain(&error), "it is not written down why an import stopped");
        }
    }

    async fn go(&self, desk: &Imports, under_way: &UnderWay) -> Result<(), Stopped> {
        let turn = tokio::select! {
            turn = desk.turns().acquire() => turn,
            () = under_way.stop.cancelled() => return Err(Stopped::Told),
        };
        let _turn = turn.map_err(|_| Stopped::Told)?;
        under_way.step(Step::Reading);
        let (folder, name) = (desk.folder(&self.import.id), self.import.name.clone());
        let setting = self.setting().await?;
        let called = setting.names.members.clone();
        let found = blocking({
            let folder = folder.clone();
            move || Ok(tables_without_cells(folder.book(&name)?, &setting)?)
        });
        let mut found = found.await?;
        let total = found.iter().map(|table| table.count(State::Good)).sum();
        under_way.total(total);
        under_way.step(Step::Sending);
        let submits = self.needs_approval().await?;
        self.send(desk, under_way, &mut found, submits).await?;
        if !self.publishes {
            self.note_duplicates(under_way, &mut found, &called).await?;
        }
        under_way.step(Step::Keeping);
        self.keep(desk, found).await
    }

    /// Asks as whoever began it, as their account is now.
    async fn ask<T>(&self, message: T) -> Result<Request<T>, Stopped> {
        let still = self.accounts.still(&self.person).await;
        let person = still.map_err(|error| Status::internal(error.to_string()))?.ok_or_else(|| {
            let text = Text::new(
                "您的帐户已不能代表该成员，导入已停止。",
                "Your account may no longer act for this member, so the import has stopped.",
            );
            Status::permission_denied(text.in_language(self.language))
        })?;
        let mut request = Request::new(message);
        request.extensions_mut().insert(Identified::person(person));
        let language = MetadataValue::from_static(self.language.tag());
        request.metadata_mut().insert(ACCEPT_LANGUAGE.as_str(), language);
        Ok(request)
    }

    /// How members and circles are called, and the member's own region.
    async fn setting(&self) -> Result<Setting, Stopped> {
        let directory = &self.services.directories;
        let parent = format!("members/{}", self.import.member);
        let mut names = Names { words: BTreeMap::new(), ..Names::default() };
        let mut home = None;
        let mut page_token = String::new();
        loop {
            let request = self.ask(ListMembersRequest { page_size: MEMBERS, page_token }).await?;
            let page = directory.list_members(request).await?.into_inner();
            for member in page.members {
                if member.name == parent {
                    home = Some(member.region.clone()).filter(|region| !region.is_empty());
                }
                names.members.push((member.id, vec![member.name_zh, member.name_en]));
            }
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        let circles = directory.list_circles(self.ask(ListCirclesRequest {}).await?).await?.into_inner().circles;
        names.circles = circles.into_iter().map(|circle| circle.name).collect();
        Ok(Setting { parent, names, home, mapping: self.import.mapping.clone(), now: jiff::Timestamp::now() })
    }

    /// Sends what is good, in order, and notes what became of it.
    async fn send(
        &self,
        desk: &Imports,
        under_way: &UnderWay,
        found: &mut [Table],
        submits: bool,
    ) -> Result<(), Stopped> {
        let good: Vec<(usize, usize)> =
            found.iter().enumerate().flat_map(|(table, rows)| rows.good().map(move |(row, _)| (table, row))).collect();
        let total = good.len();
        // What is sent is made as it goes: all of it a second time would be much.
        for window in good.chunks(UNDER_WAY * crate::sheets::batch::BATCH) {
            if under_way.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            let listing = |place: &(usize, usize)| {
                let row = found.get(place.0)?.rows.get(place.1)?;
                Some((*place, row.listing.as_ref()?.unpack()))
            };
            let sent = batches(window.iter().filter_map(listing)).map(|batch| self.batch(batch, submits));
            let answers: Vec<_> = futures_util::stream::iter(sent).buffered(UNDER_WAY).collect().await;
            for answer in answers {
                for ((table, row), result) in answer? {
                    if let Some(table) = found.get_mut(table) {
                        table.answered(row, &result, !self.publishes);
                    }
                }
            }
            let done = under_way.add(window.len());
            if self.publishes {
                let change = move |import: &mut Import| (import.done, import.total) = (done, total);
                desk.change(&self.import, change).await?;
            }
        }
        Ok(())
    }

    /// Notes of the first new rows what is published already and says the same.
    async fn note_duplicates(
        &self,
        under_way: &UnderWay,
        found: &mut [Table],
        called: &[(String, Vec<String>)],
    ) -> Result<(), Stopped> {
        let rows = found.iter_mut().flat_map(|table| &mut table.rows).filter(|row| row.state == State::New);
        for row in rows.take(limits::PREVIEW_DUPLICATES) {
            if under_way.stop.is_cancelled() {
                return Err(Stopped::Told);
            }
            let Some(listing) = row.listing.as_ref().map(Packed::unpack) else { continue };
            let request = self.ask(FindDuplicatesRequest { listing: listing.listing, name: listing.name }).await?;
            // An index that is being made keeps nobody from importing.
            let Ok(same) = self.services.searches.find_duplicates(request).await else { return Ok(()) };
            row.notes.extend(same.into_inner().duplicates.iter().map(|same| alike(same, called)).map(Remark::of_row));
        }
        Ok(())
    }

    /// Whether the member's policy asks for an approval; what needs none under it is published all the same.
    async fn needs_approval(&self) -> Result<bool, Stopped> {
        let name = format!("members/{}/approvalPolicy", self.import.member);
        let request = self.ask(GetApprovalPolicyRequest { name }).await?;
        let policy = self.services.drafts.get_approval_policy(request).await?.into_inner();
        Ok(matches!(policy.rule(), Rule::Self_ | Rule::Other))
    }

    async fn batch(
        &self,
        batch: Batch<(usize, usize)>,
        submits: bool,
    ) -> Result<Vec<((usize, usize), Answered)>, Stopped> {
        let parent = format!("members/{}", self.import.member);
        let submit = submits.then_some(&*self.import.id);
        let (places, request) = batch.request(&parent, !self.publishes, submit);
        let mut wait = FIRST_WAIT;
        let mut tries = 1;
        let answer = loop {
            match self.services.listings.batch_create_listings(self.ask(request.clone()).await?).await {
                Ok(answer) => break answer.into_inner(),
                Err(status) if status.code() == Code::Unavailable && tries < TRIES => {
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                    tries += 1;
                }
                Err(status) => return Err(status.into()),
            }
        };
        Ok(places.into_iter().zip(answer.results).collect())
    }

    /// Writes down what became of all rows, and how they were read.
    async fn keep(&self, desk: &Imports, mut found: Vec<Table>) -> Result<(), Stopped> {
        let mut counts = BTreeMap::new();
        for row in found.iter().flat_map(|table| &table.rows) {
            *counts.entry(row.state.name().to_owned()).or_insert(0) += 1;
        }
        let read = found.len();
        let waiting = found.iter().flat_map(|table| &table.rows).filter(|row| row.waits).count();
        let said = |table: &Table| -> Vec<Text> {
            let sheet = if read > 1 { &*table.grid.name } else { "" };
            table.notes.iter().map(|note| of_sheet(sheet, note)).collect()
        };
        let notes = found.iter().flat_map(said).map(|note| Said::from(&note)).take(limits::IMPORT_NOTES).collect();
        let member: MemberId = self.import.member.parse().map_err(|_| NotTaken::Gone)?;
        for table in &found {
            let mapping = remembered(table.mapping(&self.import.mapping));
            let kept = remember(desk.engine(), &member, &table.fingerprint, mapping).await;
            kept.map_err(NotTaken::from)?;
        }
        let (folder, name, language) = (desk.folder(&self.import.id), self.import.name.clone(), self.language);
        let wrong = counts.contains_key(State::Wrong.name());
        blocking(move || {
            rows::keep(&folder, &found)?;
            if wrong {
                let mut book = folder.book(&name)?;
                found.iter_mut().for_each(|table| table.take_cells(&mut book));
                super::files::replace(&folder.wrong(), &faults(&found, language)?)?;
            } else if folder.wrong().exists() {
                std::fs::remove_file(folder.wrong())?;
            }
            Ok(())
        })
        .await?;
        let phase = if self.publishes { Phase::Done } else { Phase::Tried };
        desk.change(&self.import, move |import| {
            import.phase = phase;
            import.counts = counts;
            import.waiting = waiting;
            import.tables = read;
            import.notes = notes;
        })
        .await?;
        Ok(())
    }
}

/// What of a mapping is good for the next table with these headers: not where this one lay, nor a date that passes.
fn remembered(mapping: Mapping) -> Mapping {
    let mut mapping = Mapping { sheet: None, header_row: None, ..mapping };
    mapping.values.retain(|field, _| Field::parse(field) != Some(Field::Expire));
    mapping
}

/// What is said of a table as a whole, with its sheet where there are several.
fn of_sheet(sheet: &str, note: &Text) -> Text {
    match sheet {
        "" => note.clone(),
        sheet => Text::new(format!("工作表“{sheet}”：{}", note.zh), format!("sheet {sheet}: {}", note.en)),
    }
}

/// That a listing says what another row would say again.
fn alike(same: &Duplicate, called: &[(String, Vec<String>)]) -> Text {
    let member = same.name.trim_start_matches("members/").split(['.', '/']).next().unwrap_or_default();
    let names = called.iter().find(|(id, _)| id == member).map_or(&[][..], |(_, names)| names);
    let zh = names.first().map_or(member, String::as_str);
    let en = names.get(1).map_or(zh, String::as_str);
    let (how_zh, how_en) = match &*same.external_code {
        "" => ("内容相近".to_owned(), "says nearly the same".to_owned()),
        code => (format!("编号相同（{code}）"), format!("has the same code ({code})")),
    };
    let title = &same.title;
    Text::new(
        format!("{zh}已发布{how_zh}的信息“{title}”，请核对是否重复"),
        format!("a listing of {en} {how_en}: {title}; check whether this repeats it"),
    )
}

/// The id of the field whose value for all rows is wrong.
fn field_of(error: &SheetError) -> String {
    match error {
        SheetError::Default { field, .. } | SheetError::Field(field) => {
            Field::parse(field).map(|field| field.info().id.to_owned()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
