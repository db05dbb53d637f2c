-- One read-only float that shows lines of chunks. Knows nothing of what they say.

local M = {}

---Opens a float in the middle of the screen. `q` and `<Esc>` close it, and so does leaving it.
---@param lines holdover.Chunk[][]
---@param opts {title: string, footer?: string, keys?: table<string, fun()>}
---@return integer buf
---@return integer win
function M.open(lines, opts)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.bo[buf].bufhidden = 'wipe'
  vim.bo[buf].filetype = 'holdover'
  require('holdover.window').fill(buf, lines)
  local widest = vim.fn.strdisplaywidth(opts.footer or '')
  for _, line in ipairs(vim.api.nvim_buf_get_lines(buf, 0, -1, true)) do
    widest = math.max(widest, vim.fn.strdisplaywidth(line))
  end
  local width = math.max(20, math.min(widest + 2, vim.o.columns - 4))
  local height = math.max(1, math.min(#lines, vim.o.lines - vim.o.cmdheight - 4))
  local win = vim.api.nvim_open_win(buf, true, {
    relative = 'editor',
    row = math.max(0, math.floor((vim.o.lines - height) / 2) - 2),
    col = math.max(0, math.floor((vim.o.columns - width) / 2)),
    width = width,
    height = height,
    style = 'minimal',
    border = require('holdover.config').get().border,
    -- The float's own group: the title's would show the background of what is behind.
    title = { { ' ' .. opts.title .. ' ', 'NormalFloat' } },
    title_pos = 'center',
    footer = opts.footer and { { ' ' .. opts.footer .. ' ', 'NormalFloat' } } or nil,
    footer_pos = opts.footer and 'right' or nil,
  })
  vim.wo[win].wrap = false
  vim.wo[win].cursorline = false
  vim.wo[win].statuscolumn = ' '
  local function close()
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_close(win, true)
    end
  end
  local keys = vim.tbl_extend('keep', opts.keys or {}, { q = function() end, ['<Esc>'] = function() end })
  for lhs, action in pairs(keys) do
    vim.keymap.set('n', lhs, function()
      close()
      action()
    end, { buffer = buf, nowait = true })
  end
  vim.api.nvim_create_autocmd('WinLeave', { buffer = buf, once = true, callback = vim.schedule_wrap(close) })
  return buf, win
end

return M
