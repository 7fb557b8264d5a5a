<?cs # any.cs: the shell a generic page gets, by page.shell. ?><?cs
if:page.shell == "portal" ?><?cs include!"layout/portal.cs" ?><?cs
elif:page.shell == "field" ?><?cs include!"layout/field.cs" ?><?cs
elif:page.shell == "platform" ?><?cs include!"layout/platform.cs" ?><?cs
elif:page.shell == "plain" ?><?cs include!"layout/plain.cs" ?><?cs
elif:page.shell == "print" ?><?cs include!"layout/print.cs" ?><?cs
else ?><?cs include!"layout/staff.cs" ?><?cs /if ?>
