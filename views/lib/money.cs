<?cs # num(s): a number, an amount or an account number as C formatted it; never broken over lines. ?><?cs
def:num(s) ?><span class="num"><?cs var:s ?></span><?cs /def ?>
