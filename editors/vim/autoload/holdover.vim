" Holdover in Vim, through ALE: what both linters in ale_linters/ share.

let g:holdover_executable = get(g:, 'holdover_executable', 'holdover')

" The nearest folder with a lockfile, else the file's own.
function! holdover#Root(buffer) abort
  for l:name in ['holdover.toml', 'Cargo.lock', 'package-lock.json', 'npm-shrinkwrap.json', 'uv.lock', 'yarn.lock']
    let l:found = ale#path#FindNearestFile(a:buffer, l:name)
    if !empty(l:found)
      return fnamemodify(l:found, ':h')
    endif
  endfor
  return expand('#' . a:buffer . ':p:h')
endfunction

function! holdover#Define(filetype) abort
  call ale#linter#Define(a:filetype, {
  \ 'name': 'holdover',
  \ 'lsp': 'stdio',
  \ 'executable': {buffer -> g:holdover_executable},
  \ 'command': '%e lsp',
  \ 'project_root': function('holdover#Root'),
  \})
endfunction
