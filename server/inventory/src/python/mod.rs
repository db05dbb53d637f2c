//! What all of Python's tools share by its standards: names, tags and archives of wheels, versions in conditions, requirements,
//! what is installed, and the Python itself. May not know a tool, its lockfile or its cache.

pub(crate) mod archive;
pub(crate) mod installed;
pub(crate) mod interpreter;
pub(crate) mod marker;
pub(crate) mod metadata;
pub(crate) mod name;
pub(crate) mod record;
pub(crate) mod requirement;
pub(crate) mod tags;
