<?cs # kept_low.cs: that piece of the shell alone, to be kept (app/core/shell.c). ?><?cs
include!"lib/ui.cs" ?><?cs include!"layout/_low.cs" ?>