//! What all of Python's tools share by its standards: names and tags of wheels, versions in conditions, requirements, lists of
//! installed files, and the Python itself. May not know a tool, its lockfile or its cache.

pub(crate) mod interpreter;
pub(crate) mod marker;
pub(crate) mod name;
pub(crate) mod record;
pub(crate) mod requirement;
pub(crate) mod tags;
