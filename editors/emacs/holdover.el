;;; holdover.el --- What a project lacks to be built without a network  -*- lexical-binding: t; -*-

;; For Emacs 29 and newer, and for Emacs 28 with the package eglot.  Load it from your init file:
;;
;;   (load "/path/to/holdover/editors/emacs/holdover.el")
;;
;; It tells eglot of the server, and starts it in lockfiles and manifests.

;;; Code:

(require 'eglot)

(defgroup holdover nil
  "Developing software without a network."
  :group 'tools)

(defcustom holdover-command '("holdover" "lsp")
  "The server's program and its arguments."
  :type '(repeat string))

;; Modes of their own, so that whatever server you use for TOML and JSON keeps your other files: eglot has one server for
;; a mode.
(define-derived-mode holdover-toml-mode conf-toml-mode "TOML[holdover]"
  "Cargo's manifest and lockfile, with what is not on this machine.")

(define-derived-mode holdover-json-mode js-mode "JSON[holdover]"
  "Npm's manifest and lockfile, with what is not on this machine.")

(add-to-list 'auto-mode-alist '("/Cargo\\.\\(?:lock\\|toml\\)\\'" . holdover-toml-mode))
(add-to-list 'auto-mode-alist '("/\\(?:package\\|package-lock\\|npm-shrinkwrap\\)\\.json\\'" . holdover-json-mode))

(add-to-list 'eglot-server-programs
             (cons '((holdover-toml-mode :language-id "toml") (holdover-json-mode :language-id "json"))
                   (lambda (&rest _) holdover-command)))

(add-hook 'holdover-toml-mode-hook #'eglot-ensure)
(add-hook 'holdover-json-mode-hook #'eglot-ensure)

;; A fetch takes as long as it takes; eglot would give up after ten seconds.
(cl-defmethod eglot-execute-command (server (_command (eql holdover.fetch)) arguments)
  "Get what ARGUMENTS name, by SERVER, and say when it is done."
  (jsonrpc-async-request server :workspace/executeCommand
                         `(:command "holdover.fetch" :arguments ,arguments)
                         :timeout 7200
                         :success-fn (lambda (_) (message "Holdover: fetched"))
                         :error-fn (lambda (problem) (message "Holdover: %s" (plist-get problem :message)))))

(defun holdover--server ()
  "The server of this buffer, or an error that says what to do."
  (or (eglot-current-server)
      (user-error "No Holdover here: open a lockfile or a manifest first")))

(defun holdover--workspace ()
  "What the server takes as name of this buffer's workspace."
  (list :workspace (expand-file-name (directory-file-name default-directory))))

(defun holdover-status ()
  "Show how much of what this machine needs is on it."
  (interactive)
  (let ((status (jsonrpc-request (holdover--server) :holdover/status (holdover--workspace))))
    (message "%s" (plist-get status :text))))

(defun holdover-fetch ()
  "Get everything that is missing, with the tools of its ecosystem."
  (interactive)
  (eglot-execute-command (holdover--server) 'holdover.fetch (vector (holdover--workspace))))

(provide 'holdover)
;;; holdover.el ends here
