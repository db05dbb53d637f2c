-- Stops every Holdover server and starts it again for the buffers it served. Waits for the old one to be gone, so that
-- two servers never serve one buffer.

local M = {}

---Milliseconds that a server has to end by itself before it is killed.
local PATIENCE = 3000

---@param done? fun()
function M.run(done)
  local clients = require('holdover.client').all()
  local work = {} ---@type {config: vim.lsp.ClientConfig, buffers: integer[], client: vim.lsp.Client}[]
  for _, client in ipairs(clients) do
    work[#work + 1] = { config = client.config, buffers = vim.tbl_keys(client.attached_buffers), client = client }
    client:stop()
  end
  if #work == 0 then
    require('holdover.client').fail("no server runs\nhint: put vim.lsp.enable('holdover') in your init.lua")
    return
  end
  local started = vim.uv.now()
  local timer = assert(vim.uv.new_timer())
  timer:start(
    20,
    20,
    vim.schedule_wrap(function()
      if timer:is_closing() then
        return
      end
      local left = vim.tbl_filter(function(item)
        return vim.lsp.get_client_by_id(item.client.id) ~= nil
      end, work)
      local late = vim.uv.now() - started
      if #left > 0 and late < PATIENCE then
        return
      end
      timer:close()
      for _, item in ipairs(left) do
        item.client:stop(true)
      end
      for _, item in ipairs(work) do
        for _, bufnr in ipairs(item.buffers) do
          if vim.api.nvim_buf_is_loaded(bufnr) then
            vim.lsp.start(item.config, { bufnr = bufnr })
          end
        end
      end
      if done then
        done()
      end
    end)
  )
end

return M
