//! What is kept of a listing in the index: nothing of its content but the words, and its name, by which the store has it.

use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{TextAnalyzer, TokenizerManager};

use super::analysis::{Characters, Words};

/// Fields by which results are looked up, filtered, ordered and counted.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    /// The record's name: found exactly, and stored.
    pub(crate) name: Field,
    /// What [`crate::engine::Viewer::admits`] goes by: key number, origin, scopes.
    pub(crate) class: Field,
    /// A number that differs for every name: what decides between equals.
    pub(crate) tie: Field,
    pub(crate) publish: Field,
    pub(crate) expire: Field,

    pub(crate) kind: Field,
    pub(crate) direction: Field,
    pub(crate) region: Field,
    pub(crate) industry: Field,
    pub(crate) occupation: Field,
    pub(crate) member: Field,
    pub(crate) circle: Field,
    pub(crate) language: Field,
    pub(crate) tag: Field,

    pub(crate) event_from: Field,
    pub(crate) event_to: Field,
    pub(crate) amount_in: Field,
    pub(crate) amount_from: Field,
    pub(crate) amount_to: Field,
    pub(crate) wage_in: Field,
    pub(crate) wage_from: Field,
    pub(crate) wage_to: Field,
    pub(crate) level: Field,

    /// All words.
    pub(crate) text: Field,
    /// The words of title and tags once more, so that they count for more.
    pub(crate) title: Field,
    /// The characters of title and tags, by one and by two: a part of a word is found there.
    pub(crate) characters: Field,
    /// How title, tags and places are typed in Latin letters.
    pub(crate) reading: Field,
    /// Codes of other registers, letters and digits only.
    pub(crate) code: Field,
    /// What title and tags are about, and what the summary is about beside.
    pub(crate) in_title: Field,
    pub(crate) in_summary: Field,
    /// By which ways it is done.
    pub(crate) way: Field,
    /// What near-same texts have in common.
    pub(crate) shingle: Field,
}

/// Changes with everything that would make an index of before unfit: fields, analysis, what goes into a field.
pub(crate) const VERSION: u32 = 8;

/// What cuts folded texts into words.
const WORDS: &str = "words";
/// What cuts them into characters.
const CHARACTERS: &str = "characters";

/// Gives the index what cuts texts.
pub(crate) fn register(tokenizers: &TokenizerManager) {
    tokenizers.register(WORDS, TextAnalyzer::from(Words));
    tokenizers.register(CHARACTERS, TextAnalyzer::from(Characters));
}

/// The schema with its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = |option, norms| {
        TextFieldIndexing::default().set_tokenizer("raw").set_index_option(option).set_fieldnorms(norms)
    };
    let whole = TextOptions::default().set_indexing_options(indexing(IndexRecordOption::Basic, false));
    let counted = whole.clone().set_fast("raw");
    let places = |tokenizer| {
        let option = indexing(IndexRecordOption::WithFreqsAndPositions, true);
        TextOptions::default().set_indexing_options(option.set_tokenizer(tokenizer))
    };
    let number = NumericOptions::default().set_fast();
    let fields = Fields {
        name: builder.add_text_field("name", whole.clone().set_stored()),
        class: builder.add_text_field("class", TextOptions::default().set_fast("raw")),
        tie: builder.add_u64_field("tie", number.clone()),
        publish: builder.add_i64_field("publish", number.clone()),
        expire: builder.add_i64_field("expire", number.clone()),
        kind: builder.add_text_field("kind", counted.clone()),
        direction: builder.add_text_field("direction", counted.clone()),
        region: builder.add_text_field("region", counted.clone()),
        industry: builder.add_text_field("industry", counted.clone()),
        occupation: builder.add_text_field("occupation", counted.clone()),
        member: builder.add_text_field("member", counted.clone()),
        circle: builder.add_text_field("circle", counted.clone()),
        language: builder.add_text_field("language", counted.clone()),
        tag: builder.add_text_field("tag", counted),
        event_from: builder.add_i64_field("event_from", number.clone()),
        event_to: builder.add_i64_field("event_to", number.clone()),
        amount_in: builder.add_text_field("amount_in", whole.clone()),
        amount_from: builder.add_i64_field("amount_from", number.clone()),
        amount_to: builder.add_i64_field("amount_to", number.clone()),
        wage_in: builder.add_text_field("wage_in", whole.clone()),
        wage_from: builder.add_i64_field("wage_from", number.clone()),
        wage_to: builder.add_i64_field("wage_to", number),
        level: builder.add_i64_field("level", FAST),
        text: builder.add_text_field("text", places(WORDS)),
        title: builder.add_text_field("title", places(WORDS)),
        characters: builder.add_text_field("characters", places(CHARACTERS)),
        reading: builder.add_text_field("reading", whole.clone()),
        code: builder.add_text_field("code", whole.clone()),
        in_title: builder.add_text_field("in_title", whole.clone()),
        in_summary: builder.add_text_field("in_summary", whole.clone()),
        way: builder.add_text_field("way", whole),
        shingle: builder.add_u64_field("shingle", INDEXED),
    };
    (builder.build(), fields)
}
