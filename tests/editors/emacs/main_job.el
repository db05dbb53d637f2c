;;; main_job.el --- The sample in a real Emacs: what is missing, where; the code action; all is here.  -*- lexical-binding: t; -*-

;; Runs in batch, after the sample, in the environment of tests/editors/run.sh.  The only thing played is the user's choice.

;;; Code:

(require 'cl-lib)
(require 'flymake)

(defvar passed 0)
(defvar failed 0)

(defun need (name)
  (or (getenv name) (error "Not set: %s; run this through tests/editors/run.sh" name)))

(defun wait-for (what seconds)
  "Lets the server's messages in until WHAT gives something, for SECONDS at most."
  (let ((end (+ (float-time) seconds)) found)
    (while (and (not (setq found (funcall what))) (< (float-time) end))
      (accept-process-output nil 0.05))
    found))

(defun check (name good)
  (if good (cl-incf passed) (cl-incf failed))
  (message "%s  %s" (if good "ok    " "FAILED") name))

(defun missing ()
  "What flymake shows of the code, in this buffer."
  (flymake-start)
  (cl-remove-if-not (lambda (d) (string-search "missing-artifact" (flymake-diagnostic-text d))) (flymake-diagnostics)))

(defun open (file)
  (find-file (expand-file-name file (need "HOLDOVER_FIXTURE")))
  ;; Batch has no command loop, which is where eglot starts from.
  (run-hooks 'post-command-hook)
  (wait-for #'eglot-current-server 20))

(let ((text (need "HOLDOVER_TEXT")) (line (string-to-number (need "HOLDOVER_LINE"))))
  (check "opening the lockfile starts the server" (open "Cargo.lock"))
  (let ((found (wait-for #'missing 20)))
    (check "one artifact is missing" (= (length found) 1))
    (check (format "it says: %s" text)
           (and found (string-prefix-p (concat "holdover [missing-artifact]: " text) (flymake-diagnostic-text (car found)))))
    (check (format "on line %d" line)
           (and found (= (line-number-at-pos (flymake-diagnostic-beg (car found))) line)))
    (when found (goto-char (flymake-diagnostic-beg (car found)))))
  (check "holdover-status says how much is here" (string-match-p "\\`offline: [0-9]+ of [0-9]+\\'" (holdover-status)))
  (let ((server (eglot-current-server)))
    (check "the manifest is looked after by the same server"
           (and (open "Cargo.toml") (eq (eglot-current-server) server))))
  (check "and names it too" (wait-for #'missing 20))
  (find-file (expand-file-name "Cargo.lock" (need "HOLDOVER_FIXTURE")))
  (let (offered (last-nonmenu-event t))
    (cl-letf (((symbol-function 'completing-read)
               (lambda (_prompt choices &rest _) (setq offered (mapcar #'car choices)) (caar choices))))
      (eglot-code-actions (line-beginning-position) (line-end-position) nil t))
    (check (format "the code action names it: %S" offered)
           (and offered (string-search (need "HOLDOVER_NAME") (car offered)))))
  (check "once it ran, nothing is missing" (wait-for (lambda () (not (missing))) 120))
  (open "Cargo.toml")
  (check "in the manifest neither" (wait-for (lambda () (not (missing))) 20)))

(message "%d passed, %d failed" passed failed)
(kill-emacs (if (= failed 0) 0 1))
;;; main_job.el ends here
