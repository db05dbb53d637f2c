" For JSON, ALE runs three linters of its own, and others only where they are named. Who names linters keeps their list,
" and adds 'holdover' to it.
let g:ale_linters = get(g:, 'ale_linters', {})
if !has_key(g:ale_linters, 'json')
  let g:ale_linters.json = ['jsonlint', 'spectral', 'vscodejson', 'holdover']
endif
