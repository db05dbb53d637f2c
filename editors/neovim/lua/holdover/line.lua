-- What stands on the cursor's line, of what the server says stands in the file.

local client_of = require('holdover.client')

local M = {}

---Hands the one on the cursor's line to a function; asks which one where there are several. What stands on no line is on the first.
---@generic T: {title: string, about: string, place: holdover.NotePlace}
---@param things T[]
---@param words {what: string, none: string} what one is called; what is said where there is none
---@param fn fun(thing: T)
function M.one(things, words, fn)
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  local found = vim.tbl_filter(function(thing)
    local range = thing.place.range
    return range and range.start.line <= line and line <= range['end'].line or not range and line == 0
  end, things)
  if #found == 0 then
    client_of.fail(words.none)
  elseif #found == 1 then
    fn(found[1])
  else
    vim.ui.select(found, {
      prompt = ('Which %s?'):format(words.what),
      kind = 'holdover.' .. words.what,
      format_item = function(thing)
        return ('%s (%s)'):format(thing.title, thing.about)
      end,
    }, function(thing)
      if thing then
        fn(thing)
      end
    end)
  end
end

return M
