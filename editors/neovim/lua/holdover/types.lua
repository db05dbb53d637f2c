---@meta
-- The shapes that the server sends, as its JSON Schema has them. Types only: nothing here is loaded.

---@class holdover.Connectivity
---@field state 'online'|'offline'|'captive'|'degraded'|'forced-offline'
---@field since string RFC 3339
---@field detail string
---@field text? string the state in words

---@class holdover.EcosystemReadiness
---@field name string `cargo`, `npm`, …
---@field lockfile string relative to the workspace
---@field total integer
---@field present integer
---@field missing integer
---@field corrupt integer
---@field stale integer
---@field unknown integer
---@field verified integer
---@field otherTargets integer
---@field problem? string why the lockfile as a whole could not be judged
---@field bytes? integer size of what is here, as far as it is known
---@field text? string the counts in words

---@class holdover.Proof
---@field at string RFC 3339
---@field commit? string
---@field inputs string
---@field command string
---@field passed boolean
---@field state? 'proven'|'reached'|'failed'|'stopped'|'unknown'
---@field text? string the answer in words

---@class holdover.Readiness
---@field state 'ready'|'incomplete'|'unknown'|'proven'|'stale-proof'
---@field target string
---@field total integer
---@field present integer
---@field missing integer
---@field corrupt integer
---@field stale integer
---@field unknown integer
---@field verified integer
---@field otherTargets integer
---@field ecosystems holdover.EcosystemReadiness[]
---@field proof? holdover.Proof
---@field snapshot? { text: string, problems: string[] } the last signed snapshot that was made here
---@field checkedAt? string RFC 3339: when the last look ended
---@field text? string the answer in words

---@class holdover.Function
---@field name string
---@field mode 'local'|'delayed'|'needs-online'|'unavailable'
---@field reason string
---@field next string
---@field text? string the mode in words

---@class holdover.Cache
---@field ecosystem string
---@field path string
---@field text? string
---@field bytes? integer
---@field quota? integer
---@field expiresAt? string
---@field stale integer
---@field replaced integer

---@class holdover.Mirror
---@field ecosystem string
---@field url string
---@field state string
---@field checkedAt? string
---@field latencyMs? integer
---@field text? string the state in words

---@class holdover.Sync
---@field state 'disabled'|'idle'|'syncing'|'backoff'|'attention'
---@field pending integer
---@field failed integer
---@field conflicts integer
---@field lastSuccess? string
---@field nextAttempt? string

---@class holdover.Check
---@field name string
---@field state 'running'|'passed'|'failed'|'stale'|'unavailable'
---@field findings integer
---@field ranAt? string
---@field text? string the state in words
---@field detail? string why, and what to do next
---@field version? string
---@field remembered? boolean

---@class holdover.JournalStatus
---@field state 'ready'|'disabled'|'failed'|'opening'
---@field events? integer
---@field detail string

---@class holdover.Status
---@field workspace string
---@field text string the line a status bar shows
---@field trusted boolean
---@field connectivity holdover.Connectivity
---@field readiness holdover.Readiness
---@field functions holdover.Function[]
---@field caches holdover.Cache[]
---@field mirrors holdover.Mirror[]
---@field sync holdover.Sync
---@field checks holdover.Check[]
---@field conflicts {files: integer, hunks: integer, text?: string}
---@field reviews {openThreads: integer, unsent: integer}
---@field journal? holdover.JournalStatus
---@field model {state: string, name?: string, hash?: string, detail: string}

---@class holdover.Position
---@field line integer zero-based
---@field utf16 integer zero-based column in UTF-16 code units
---@field byte integer

---@class holdover.Range
---@field start holdover.Position
---@field end holdover.Position

---@class holdover.ManifestLine
---@field file string
---@field range holdover.Range
---@field dependency string
---@field direct boolean

---@class holdover.Artifact
---@field id string
---@field ecosystem string
---@field name string
---@field version string
---@field state 'present'|'missing'|'corrupt'|'stale'|'unknown'
---@field evidence string
---@field neededBy string[]
---@field lookedIn? string[]
---@field verified? boolean
---@field bytes? integer
---@field file string
---@field range holdover.Range
---@field manifests? holdover.ManifestLine[]
---@field otherTarget? boolean

---@class holdover.PreflightReport
---@field workspace string
---@field readiness holdover.Readiness
---@field artifacts holdover.Artifact[]
---@field fetch? holdover.FetchOutcome after a fetch: what it did
---@field findings? table[] after a proof run: what reached for the network, as diagnostics

---@class holdover.FetchStep
---@field bytes? integer
---@field ecosystem string
---@field lockfile string
---@field command string[]
---@field ok? boolean
---@field error? string

---@class holdover.FetchOutcome
---@field state 'done'|'failed'|'cancelled'|'queued'|'running'|'backoff'
---@field steps holdover.FetchStep[]
---@field fetched string[] ids of artifacts that were not here before and are now

---@alias holdover.LineOrigin 'both'|'current'|'incoming'|'made'

---One way to resolve a conflict, and what it would leave.
---@class holdover.ConflictChoice
---@field action string
---@field title string
---@field short string a word or two for a bar
---@field text string
---@field against string the side that it is best looked at beside
---@field lines holdover.LineOrigin[]
---@field explanation string Markdown
---@field data {fingerprint: string, id: integer, until: integer, workspace?: string} `record` and `resolve` in place of `id` where it is of a record

---@class holdover.ConflictPreview
---@field uri string
---@field version integer
---@field region holdover.ConflictRegion
---@field choices holdover.ConflictChoice[]
---@field record? holdover.RecordConflict what it is about, where that is none of a file

---A record that several wrote without knowing of each other.
---@class holdover.RecordConflict
---@field kind string `note`
---@field entity string its id
---@field field string
---@field title string
---@field place string
---@field message string
---@field ancestor? string
---@field sides {label: string}[]

---One conflict, as it is drawn; lines are zero-based.
---@class holdover.ConflictShown
---@field open integer
---@field close integer
---@field message string
---@field parts {part: string, marker: integer, start: integer, end: integer}[]

---@class holdover.ConflictsShown
---@field uri string
---@field version integer
---@field conflicts holdover.ConflictShown[]
---@field resolved? {action: string, start: integer, end: integer}[]

---@class holdover.ConflictSide
---@field label string
---@field commit? string
---@field origin? {name: string}
---@field range holdover.Range

---@class holdover.ConflictRegion
---@field range holdover.Range
---@field message? string
---@field fingerprint string
---@field style string
---@field sides holdover.ConflictSide[]
---@field base? holdover.ConflictSide

---@class holdover.MalformedConflict
---@field range holdover.Range
---@field message string

---@class holdover.ConflictFile
---@field path string
---@field regions holdover.ConflictRegion[]
---@field malformed? holdover.MalformedConflict[]

---@class holdover.ConflictsReport
---@field files holdover.ConflictFile[]
---@field records? holdover.RecordConflict[]
---@field text? string how many conflicts in how many files, and of which repositories

---@class holdover.Event
---@field id string ULID
---@field seq integer
---@field at string RFC 3339
---@field actor {kind: 'person'|'tool'|'model', name: string}
---@field kind string
---@field state string
---@field payload table<string, any>

---@class holdover.NotePlace
---@field grade 'exact'|'shifted'|'moved'|'changed'|'file'|'gone'
---@field text string `src/main.lua:3-5` for example
---@field remark string how it stands with the place, in words
---@field path? string relative to the workspace
---@field range? holdover.Range

---@class holdover.NoteVersion
---@field ops string[]
---@field body? string
---@field at string RFC 3339

---@class holdover.Note
---@field id string
---@field body string Markdown
---@field title string
---@field about string who, when, for whom, how far it has come, in words
---@field shared boolean
---@field place holdover.NotePlace
---@field removed? boolean
---@field state string
---@field versions holdover.NoteVersion[]

---@class holdover.NoteDraft
---@field id string
---@field body string
---@field title string
---@field about string
---@field note? string
---@field pred? string[]
---@field shared boolean
---@field anchor table
---@field place holdover.NotePlace
---@field open boolean

---@class holdover.NoteReport
---@field notes holdover.Note[]
---@field drafts holdover.NoteDraft[]

---@class holdover.Comment
---@field id string
---@field body string Markdown
---@field shown string Markdown that can be drawn as it is
---@field about string who, when, how far it has come, in words
---@field removed? boolean
---@field versions holdover.NoteVersion[]
---@field suggestion? {text: string, applies: boolean}

---@class holdover.Thread
---@field id string
---@field review string
---@field title string
---@field about string
---@field place holdover.NotePlace
---@field resolved boolean
---@field disputed? string
---@field comments holdover.Comment[]

---@class holdover.ReviewFile
---@field path string
---@field oldPath? string
---@field change string
---@field added integer
---@field removed integer
---@field binary? boolean
---@field openThreads integer
---@field threads integer

---@class holdover.Review
---@field id string
---@field title string
---@field range string
---@field head string
---@field here boolean
---@field about string
---@field fileCount integer
---@field files? holdover.ReviewFile[]
---@field openThreads integer
---@field threadCount integer
---@field threads? holdover.Thread[]
---@field verdicts? {about: string, current: boolean}[]
---@field decision {state: string, text: string}

---@class holdover.ReviewReport
---@field reviews holdover.Review[]
---@field candidates {range: string, name: string, title: string, files: integer}[]
