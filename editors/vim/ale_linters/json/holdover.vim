" ALE looks here for the linters of this file type.
call holdover#Define('json')
