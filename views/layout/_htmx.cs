<?cs # _htmx.cs: for shells that use it; no inline styles, no eval, forms of refused requests are shown (docs/templates.md). ?><?cs
if:!page.part ?><meta name="htmx-config" content='{"includeIndicatorStyles":false,"allowEval":false,"responseHandling":[{"code":"204","swap":false},{"code":"[23]..","swap":true},{"code":"4(03|09|13|22|29)","swap":true},{"code":"[45]..","swap":false,"error":true}]}'>
<script defer src="<?cs var:asset.htmx_js ?>"></script><?cs
/if ?>
