<?cs # platform.cs: shell of the platform administrators: as the staff's, darker top edge, no utility. Reads page.*, menu, bell, user. ?><?cs
set:page.platform = 1 ?><?cs include!"layout/_shell.cs" ?>
