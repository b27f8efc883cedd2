"""The completion scripts of four shells, over one protocol.

A script calls `mastractl __complete WORD...` with the words after the program's name up to the one being
typed, which comes last and may be empty. Each line of the answer is a candidate, a tab and a word of help;
the line `:files` asks for the shell's own completion of file names.
"""

from __future__ import annotations

FILES = ":files"

_BASH = r"""# bash completion for mastractl
_mastractl() {
  local cur=${COMP_WORDS[COMP_CWORD]} line tail=""
  local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword
    _get_comp_words_by_ref -n "=:" -w words -i cword -c cur 2>/dev/null && words=("${words[@]:1:cword}")
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = ":files" ]; then
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
    else
      COMPREPLY+=("${line%%$'\t'*}")
    fi
  done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
  if [ "${#COMPREPLY[@]}" -eq 1 ]; then
    tail=${COMPREPLY[0]: -1}
    case $tail in [=/,.]) compopt -o nospace 2>/dev/null ;; esac
  fi
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _mastractl mastractl
"""

_ZSH = r"""#compdef mastractl
_mastractl() {
  local line
  local -a plain open
  local files=0
  while IFS= read -r line; do
    if [[ $line == ":files" ]]; then files=1; continue; fi
    local value=${line%%$'\t'*} help=${line#*$'\t'}
    value=${value//:/\\:}
    if [[ $value == *[=/,.] ]]; then open+=("$value:$help"); else plain+=("$value:$help"); fi
  done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  (( ${#plain} )) && _describe -t words mastractl plain
  (( ${#open} )) && _describe -t words mastractl open -S ''
  (( files )) && _files
  return 0
}
compdef _mastractl mastractl
"""

_FISH = r"""# fish completion for mastractl
function __mastractl_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (command $words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c mastractl -e
complete -c mastractl -f -a '(__mastractl_complete)'
"""

_POWERSHELL = r"""# PowerShell completion for mastractl
Register-ArgumentCompleter -Native -CommandName mastractl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $words += $wordToComplete
    $words = $words | ForEach-Object { if ($_ -eq '') { '""' } else { $_ } }
    & mastractl __complete @words 2>$null | ForEach-Object {
        if ($_ -ne ':files') {
            $value, $help = $_ -split "`t", 2
            if (-not $help) { $help = $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
        }
    }
}
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
