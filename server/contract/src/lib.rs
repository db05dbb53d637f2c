//! The contract: serde types only, shared by every front end and every feature.
//!
//! Nothing here does work. Field names are `camelCase` in JSON; shapes may gain fields and never lose them.
//! `docs/schema/holdover.schema.json` is generated from these types and a test keeps the two equal.

mod artifact;
mod asking;
mod build;
mod chat;
mod check;
mod conflict;
mod delivery;
mod device;
mod event;
mod explain;
mod finding;
mod health;
mod intact;
mod job;
mod keep;
mod log;
mod model;
mod note;
mod pack;
mod pin;
mod proof;
mod publish;
mod record;
mod review;
mod settings;
mod shell;
mod snapshot;
mod statement;
mod status;
mod storing;
mod sync;
mod trail;

pub use artifact::{
    Artifact, ArtifactState, EcosystemReadiness, ManifestLine, PreflightReport, Readiness, ReadinessState,
};
pub use asking::{Expects, Heard, Question};
pub use build::{BuildRun, SinceGreen};
pub use chat::{ChatPlace, ChatQuestion, ChatTurn};
pub use check::CheckReport;
pub use conflict::{
    ConflictChoice, ConflictFile, ConflictOrigin, ConflictPart, ConflictParts, ConflictPlace, ConflictPreview,
    ConflictRegion, ConflictReport, ConflictRepository, ConflictShown, ConflictSide, ConflictSuggestion,
    ConflictsShown, DroppedLine, LineOrigin, LockfileMerge, LockfilePackage, MalformedConflict, ResolutionReport,
    ResolvedConflict,
};
pub use delivery::{DeliveryChange, DeliveryEntry, DeliveryReport};
pub use device::{
    Device, DeviceKind, DeviceReport, DeviceState, JoinReport, JoinStep, QuarantinedSegment, RootReport, RootSet,
};
pub use event::{
    Actor, ActorKind, Delivery, JournalEntry, JournalEvent, JournalHit, JournalReport, JournalSearch, JournalStory,
    Lane, LeftOp, SignatureState, SnippetPart,
};
pub use explain::{
    Answer, CommandClass, Doubt, ExplainedFinding, Explanation, ExplanationChange, ExplanationState,
    ExplanationSubject, Fact, FactKind, Judgement, MaskedSecret, ModelSaw, Structure, StructureAsk, StructureItem,
    SuggestedCommand,
};
pub use finding::{Action, Edit, Finding, Hint, Position, Range, Severity, Side, codes};
pub use health::{DeviceHealth, DriftPattern, LaneHealth, RemoteHealth, SyncDrift, SyncHealth};
pub use intact::{
    BadPlace, ExportFacts, ExportReport, RedactReport, RetainReport, RetainedRun, RootVerdict, VerifyReport,
};
pub use job::{FetchOutcome, FetchStep, Job, JobKind, JobState, Progress};
pub use keep::{Keep, NoKeep, Unit};
pub use log::{LogCause, LogDomain, LogGroup, LogLevel, LogLine, LogReport};
pub use model::{
    EvalTask, MODEL_FRAME, ModelAsk, ModelEnd, ModelEntry, ModelEval, ModelFile, ModelMessage, ModelReport, ModelRole,
    ModelTold,
};
pub use note::{AnchorGrade, Note, NoteAnchor, NoteDraft, NotePlace, NoteReport, NoteVersion};
pub use pack::{PackItem, PackKind, PackState};
pub use pin::{LeftRequirement, OutdatedLockfile, PinReport, PinnedRequirement};
pub use proof::{Proof, ProofInput, ProofState, ProofStep, Reach};
pub use publish::{HostAnswer, HostQuestion, LeftOut, Publication, PublicationState, PublishRequest, PublishedComment};
pub use record::{
    FieldState, MergePolicy, PolicyOutcome, Record, RecordChoice, RecordConflict, RecordField, RecordSide, RecordWrite,
};
pub use review::{
    Anchor, Candidate, Comment, Decision, DecisionState, FileChange, Hunk, Review, ReviewDraft, ReviewFile,
    ReviewReport, ReviewSide, Suggestion, Thread, ThreadReport, Verdict, VerdictKind,
};
pub use settings::{
    CheckCommand, CheckFormat, CheckStep, ChecksSettings, ColumnUnit, ConflictSettings, ExplainSettings, FetchSettings,
    FreshnessRule, FreshnessSettings, InventorySettings, JournalSettings, LintAllowance, LintSettings, LogSettings,
    MirrorSettings, NotesSettings, PackSettings, ProveSettings, RetentionSettings, Settings, SyncDriftSettings,
    SyncSettings, Unknown, WorkspaceSettings,
};
pub use shell::{Shell, ShellAsk, ShellPart, ShellRole};
pub use snapshot::Snapshot;
pub use statement::{CheckStatement, StatedCheck};
pub use status::{
    Cache, CheckState, CheckStatus, ConflictCount, Connectivity, ConnectivityState, Function, FunctionMode,
    JournalState, JournalStatus, Mirror, MirrorState, ModelState, ModelStatus, ReviewCount, Status, SyncState,
    SyncStatus,
};
pub use storing::{StoreAnswer, StoreEntry, StoreKind, StorePlace, StoreQuestion};
pub use sync::{
    QueueEvent, QueueLane, QueueRemote, QueueReport, RemoteEntry, RemoteExclusion, RemoteKey, RemoteProbe,
    RemoteReport, SyncChange, SyncMissing, SyncProblem, SyncRemote, SyncReport, SyncStray, SyncTrouble,
};
pub use trail::{TrailEntry, TrailReport};

/// Every type that a reader outside may meet, in one place so that one schema covers them.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Everything {
    /// `holdover status --json`, `holdover/status`, `holdover/didChangeStatus`.
    pub status: Status,
    /// `holdover preflight --json` and the command `holdover.preflight`.
    pub preflight: PreflightReport,
    /// `holdover check --json` and the command `holdover.check`.
    pub check: CheckReport,
    /// `holdover check --verify FILE --json`.
    pub check_statement: CheckStatement,
    /// `holdover log --json`.
    pub log: LogReport,
    /// A diagnostic before it is turned into an editor's.
    pub finding: Finding,
    /// A change to a file that a code action proposes.
    pub edit: Edit,
    /// What an editor may offer at a place.
    pub action: Action,
    /// `holdover explain --json` and the command `holdover.explain`.
    pub explanation: Explanation,
    /// The notification `holdover/didChangeExplanation`.
    pub explanation_change: ExplanationChange,
    /// `holdover conflicts --json` and the command `holdover.conflicts`.
    pub conflicts: ConflictReport,
    /// The request `holdover/conflict`.
    pub conflict_preview: ConflictPreview,
    /// The command `holdover.resolutions`.
    pub resolutions: ResolutionReport,
    /// The notification `holdover/didChangeConflicts`.
    pub conflicts_shown: ConflictsShown,
    /// `holdover journal log --json`, one a line.
    pub journal_entry: JournalEntry,
    /// The command `holdover.journal`.
    pub journal: JournalReport,
    /// What a search of the journal found; `holdover journal search --json` prints its hits, one a line.
    pub journal_search: JournalSearch,
    /// `holdover journal show --json`.
    pub journal_story: JournalStory,
    /// `holdover device list --json`.
    pub devices: DeviceReport,
    /// `holdover device roots`.
    pub roots: RootReport,
    /// `holdover device join --json`.
    pub join: JoinReport,
    /// `holdover model list --json`, and what its other commands print.
    pub models: ModelReport,
    /// `holdover model eval --json`.
    pub model_eval: ModelEval,
    /// `holdover journal replay --entity ID --json`.
    pub record: Record,
    /// `holdover journal verify --json`.
    pub verify: VerifyReport,
    /// `holdover journal export --out FILE --json`.
    pub export: ExportReport,
    /// `holdover journal redact --json`.
    pub redact: RedactReport,
    /// `holdover journal retain --json`.
    pub retain: RetainReport,
    /// `holdover.toml`, the user's file, and `holdover.*` in an editor.
    pub settings: Settings,
    /// A unit of work and where it stands.
    pub job: Job,
    /// One report of a running job.
    pub progress: Progress,
    /// `holdover note list --json` and the command `holdover.note.list`.
    pub notes: NoteReport,
    /// `holdover note add|edit|remove|show --json` and the commands `holdover.note.*` of these names.
    pub note: Note,
    /// `holdover remote list --json`.
    pub remotes: RemoteReport,
    /// `holdover remote key --json`.
    pub remote_key: RemoteKey,
    /// `holdover remote add --json` and `holdover remote probe --json`.
    pub remote_probe: RemoteProbe,
    /// `holdover sync --json` and the command `holdover.sync`.
    pub sync: SyncReport,
    /// `holdover queue --json`.
    pub queue: QueueReport,
    /// The command `holdover.trail`.
    pub trail: TrailReport,
    /// The command `holdover.delivery`.
    pub delivery: DeliveryReport,
    /// The notification `holdover/didChangeDelivery`.
    pub delivery_change: DeliveryChange,
    /// The command `holdover.note.draft`.
    pub note_draft: NoteDraft,
    /// `holdover review list --json` and the command `holdover.review.list`.
    pub reviews: ReviewReport,
    /// `holdover review start|show|verdict --json` and the commands `holdover.review.*` of these names.
    pub review: Review,
    /// `holdover review comment|reply|edit|retract|resolve|reopen --json` and the commands `holdover.review.*` of these names.
    pub thread: Thread,
    /// The command `holdover.review.threads`.
    pub threads: ThreadReport,
    /// `holdover review publish --json`.
    pub publication: Publication,
    /// `holdover pin --json`.
    pub pin: PinReport,
    /// What a fetch did; part of the report that `holdover preflight --fetch --json` prints.
    pub fetch: FetchOutcome,
}
