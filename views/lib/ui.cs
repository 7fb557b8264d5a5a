<?cs # All macros. A macro must be defined before the call is parsed: the order matters. ?><?cs
include!"lib/icon.cs" ?><?cs include!"lib/badge.cs" ?><?cs include!"lib/money.cs" ?><?cs include!"lib/count.cs" ?><?cs include!"lib/action.cs" ?><?cs
include!"lib/note.cs" ?><?cs include!"lib/errors.cs" ?><?cs include!"lib/head.cs" ?><?cs include!"lib/card.cs" ?><?cs include!"lib/facts.cs" ?><?cs
include!"lib/tabs.cs" ?><?cs include!"lib/timeline.cs" ?><?cs include!"lib/empty.cs" ?><?cs include!"lib/kpi.cs" ?><?cs include!"lib/bars.cs" ?><?cs
include!"lib/table.cs" ?><?cs include!"lib/pager.cs" ?><?cs include!"lib/filters.cs" ?><?cs include!"lib/bulk.cs" ?><?cs include!"lib/list.cs" ?><?cs
include!"lib/steps.cs" ?><?cs include!"lib/field.cs" ?><?cs include!"lib/form.cs" ?><?cs include!"lib/answers.cs" ?><?cs include!"lib/confirm.cs" ?><?cs
include!"lib/chart.cs" ?><?cs include!"lib/links.cs" ?><?cs include!"lib/suggestions.cs" ?><?cs include!"lib/job.cs" ?><?cs include!"lib/document.cs" ?><?cs
include!"lib/record.cs" ?><?cs include!"lib/sections.cs" ?>
