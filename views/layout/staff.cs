<?cs # staff.cs: shell of the staff's pages. Reads page.*, menu, utility, utilities, search, create, bell, user (docs/templates.md section 2). ?><?cs
include!"layout/_shell.cs" ?>
