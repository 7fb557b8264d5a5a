<?cs # menu_part.cs: the launcher for the box over a page. ?><?cs include!"lib/ui.cs" ?><?cs include!"core/_menu_grid.cs" ?>
