<?cs # kept_create.cs: that piece of the shell alone, to be kept (app/core/shell.c). ?><?cs
include!"lib/ui.cs" ?><?cs include!"layout/_create.cs" ?>