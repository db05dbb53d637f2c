" The sample in a real Vim with ALE: what is missing, where; the code action; all is here. Runs without a screen, after
" the sample, in the environment of tests/editors/run.sh. The only thing played is the user's choice.

let s:passed = 0
let s:failed = 0
let s:lines = []

function! s:Check(name, good) abort
  if a:good
    let s:passed += 1
  else
    let s:failed += 1
  endif
  call add(s:lines, (a:good ? 'ok      ' : 'FAILED  ') . a:name)
endfunction

" Lets jobs and timers run until What() gives something, for so many seconds at most.
function! s:Wait(What, seconds) abort
  let l:begun = reltime()
  while reltimefloat(reltime(l:begun)) < a:seconds
    let l:found = a:What()
    if !empty(l:found)
      return l:found
    endif
    sleep 50m
  endwhile
  return a:What()
endfunction

function! s:Missing() abort
  return filter(copy(ale#engine#GetLoclist(bufnr(''))), 'get(v:val, ''code'', '''') is# ''missing-artifact''')
endfunction

function! s:Main() abort
  execute 'edit' fnameescape($HOLDOVER_FIXTURE . '/Cargo.lock')
  call s:Check('a lockfile is TOML to Vim', &filetype is# 'toml')
  let l:found = s:Wait(function('s:Missing'), 20)
  call s:Check('one artifact is missing', len(l:found) == 1)
  call s:Check('it says: ' . $HOLDOVER_TEXT, stridx(get(get(l:found, 0, {}), 'text', ''), $HOLDOVER_TEXT) == 0)
  call s:Check('on line ' . $HOLDOVER_LINE, get(get(l:found, 0, {}), 'lnum') == str2nr($HOLDOVER_LINE))
  call cursor(str2nr($HOLDOVER_LINE), 1)
  " ALE asks which action is wanted; the answer is typed already.
  ALECodeAction
  call feedkeys("1\<CR>", 't')
  let l:gone = s:Wait({-> empty(s:Missing())}, 120)
  call s:Check('once the code action ran, nothing is missing', l:gone)
  execute 'edit' fnameescape($HOLDOVER_FIXTURE . '/package-lock.json')
  let l:linters = map(copy(ale#linter#Get(&filetype)), 'v:val.name')
  call s:Check('npm''s lockfile is linted by it too, beside ALE''s own: ' . join(l:linters), index(l:linters, 'holdover') >= 0 && len(l:linters) > 1)
endfunction

try
  call s:Main()
catch
  call s:Check(v:exception . ' at ' . v:throwpoint, 0)
endtry
call add(s:lines, printf('%d passed, %d failed', s:passed, s:failed))
call writefile(s:lines, $HOLDOVER_LOG_FILE)
execute s:failed ? 'cquit!' : 'qall!'
