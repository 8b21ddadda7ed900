//! The kinds of listings, as tables and people call them.

/// A kind of listings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// 资金
    Capital,
    /// 项目
    Project,
    /// 技术
    Technology,
    /// 人才
    Talent,
    /// 活动
    Event,
}

impl Kind {
    /// All five.
    pub const ALL: [Self; 5] = [Self::Capital, Self::Project, Self::Technology, Self::Talent, Self::Event];

    /// The name in the contract.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capital => "capital",
            Self::Project => "project",
            Self::Technology => "technology",
            Self::Talent => "talent",
            Self::Event => "event",
        }
    }

    /// In Chinese: what its sheet is called.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Capital => "资金",
            Self::Project => "项目",
            Self::Technology => "技术",
            Self::Talent => "人才",
            Self::Event => "活动",
        }
    }

    /// By either name.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text) || kind.zh() == text)
    }
}
