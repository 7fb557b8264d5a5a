<?php
// The pages "consumer 360" and "calculation of a bill" as PHP would be written: the statements of the C program (recorded by php.js),
// prepared, run and shown with every value escaped. The shell around is printed as it stands, which favours PHP.
const ICONS = '/s/icons.svg';
$work = require $_SERVER['BENCH_STATEMENTS'];
[, , , $module, $kind, $no] = explode('/', $_SERVER['REQUEST_URI']);
$is_bill = $kind === 'bills';
$no = rawurldecode($no);
$db = new mysqli('p:localhost', 'root', '', $work['schema'], 0, $work['socket']);
$db->set_charset('utf8mb4');
$known = ['no' => $no, 'token' => hex2bin($work['token']), 'user' => $work['user']];

// Values of a statement by what it reads; a statement nobody knows ends the bench.
function values_of(string $sql, array $k): array {
    $of = ['smart360.tenant t' => fn() => [$k['token'], 'swa'], 'from notification' => fn() => ['user', $k['user'], gmdate('Y-m-d H:i:s')],
        'from consumer n' => fn() => [1, $k['no'], 2000],
        'from payment p' => fn() => [$k['account'], '1970-01-01', '9999-12-31', 8],
        'from charge h' => fn() => array_fill(0, substr_count($sql, '?'), $k['account']), 'from service_connection s' => fn() => [$k['account']],
        'from bill force index' => fn() => [$k['account'], 1, 26], 'from bill b join account' => fn() => [$k['no'], 1],
        'from bill_line l' => fn() => [$k['bill']], 'from bill_segment g' => fn() => [$k['bill']],
        'from meter_reading where' => fn() => [1]];
    foreach ($of as $part => $values) if (str_contains($sql, $part)) return $values();
    throw new Exception("unknown statement: $sql");
}
$read = [];
foreach ($work[$is_bill ? 'bill' : 'consumer'] as $sql) {
    if (!str_contains($sql, '?')) { $db->query($sql); continue; }
    $statement = $db->prepare($sql);
    $statement->execute(values_of($sql, $known));
    $result = $statement->get_result();
    $rows = $result ? $result->fetch_all(MYSQLI_ASSOC) : [];
    $read[] = $rows;
    if (str_contains($sql, 'from consumer n')) $known['account'] = $rows[0]['account'];
    if (str_contains($sql, 'from bill b join account')) $known['bill'] = $rows[0]['id'];
}

function h($v): string { return htmlspecialchars((string)$v, ENT_QUOTES); }
function money($minor): string { return number_format($minor / 100, 2); }
function day($date): string { return $date ? date('m/d/Y', strtotime($date)) : ''; }
function icon(string $name): string { return '<svg class="i" aria-hidden="true"><use href="' . ICONS . '#' . h($name) . '"/></svg>'; }
function facts(string $class, array $facts): void {
    echo '<dl class="', $class, '">';
    foreach ($facts as [$label, $value, $sub]) echo '<div><dt>', h($label), '</dt><dd>', h($value), '</dd>', $sub ? '<dd class="sub">' . h($sub) . '</dd>' : '', '</div>';
    echo '</dl>';
}
function card(string $title, callable $body): void {
    echo '<section class="s-card sp-"><div class="s-ch"><div><h2>', h($title), '</h2></div></div>';
    $body();
    echo '</section>';
}
function table(string $label, array $columns, array $rows, ?string $url = null): void {
    echo '<div class="s-tw" tabindex="0" role="region" aria-label="', h($label), '"><table class="s-t s-stack"><thead><tr>';
    foreach ($columns as [$name, $kind]) echo '<th scope="col" class="c-', h($kind), '">', h($name), '</th>';
    echo "</tr></thead>\n<tbody>";
    foreach ($rows as $row) {
        echo '<tr>';
        foreach ($row as $i => $value) {
            [$name, $kind] = $columns[$i];
            $shown = $kind === 'status' ? '<span class="s-b ok">' . h($value) . '</span>' : h($value);
            if (!$i) echo '<th scope="row" class="c-', h($kind), ' a-id">', $url ? '<a href="' . h($url . rawurlencode($value)) . '">' . $shown . '</a>' : $shown, '</th>';
            else echo '<td class="c-', h($kind), ' a-" data-l="', h($name), '">', $shown, '</td>';
        }
        echo "</tr>\n";
    }
    echo '</tbody></table></div>';
}
function chart(array $bars): void {
    $most = max(1, ...array_column($bars, 1));
    echo '<div class="s-cb"><div class="s-cw" tabindex="0" role="region"><svg viewBox="0 0 640 220" role="img">';
    foreach ($bars as $i => [$label, $value]) {
        $height = (int)round($value * 160 / $most);
        echo '<g><rect class="c1" x="', 40 + $i * 46, '" y="', 180 - $height, '" width="26" height="', $height, '" rx="3"><title>', h("$label: $value CCF"), '</title></rect><text x="', 53 + $i * 46, '" y="200">', h($label), '</text></g>';
    }
    echo '</svg></div></div>';
}

echo $work['head'];
if ($is_bill) {
    [, $bill, $lines, $segments] = $read;
    $b = $bill[0];
    $how = [];
    $trace = json_decode($b['trace'], true);
    foreach ($trace['lines'] ?? [] as $line) $how[$line['seq']] = $line['how'] ?? '';
    echo '<div class="s-head"><div><h1>Bill ', h($b['bill_no']), '</h1></div></div><section class="s-card s-rec"><p><span class="s-b ok">', h($b['status']), '</span> <span class="s-b ok">', h($b['payment_status']), '</span></p>';
    facts('s-row', [['Amount due', money($b['due']), ''], ['Account', $b['account_no'], $b['consumer_name']], ['Period', day($b['period_start']) . ' to ' . day($b['period_end']), $b['days'] . ' days'], ['Due date', day($b['due_date']), ''], ['Run', $b['run_no'], '']]);
    echo '</section><div class="s-two"><div><div class="s-grid">';
    card('Lines', fn() => table('Lines of the bill', [['Charge', 'text'], ['How it was computed', 'text'], ['GL code', 'code'], ['Amount', 'money']], array_map(fn($l) => [$l['description'], $how[$l['seq']] ?? '', $l['code'], money($l['amount_minor'])], $lines)));
    card('Use and readings', fn() => table('Readings of the bill', [['Meter', 'code'], ['From', 'date'], ['Reading', 'num'], ['To', 'date'], ['Reading', 'num'], ['Use', 'num'], ['Kind', 'status']], array_map(fn($u) => [$u['meter_no'], day($u['from_on']), $u['from_value'], day($u['to_on']), $u['to_value'], $u['quantity'] . ' ' . $u['unit'], $u['is_estimated'] ? 'Estimated' : 'Actual'], $segments)));
} else {
    [, $person, $payments, $due, $supply, $bills] = $read;
    $p = $a = $person[0];
    echo '<section class="s-card s-rec"><h1>', h($p['display_name']), '</h1><ul><li>', icon('id'), h($p['consumer_no'] . ', account ' . $a['account_no']), '</li><li>', icon('phone'), h($p['primary_phone']), '</li><li>', icon('mail'), h($p['email']), '</li><li>', icon('pin'), h($a['address']), '</li></ul>';
    facts('s-row', [['To pay', '$' . money($a['balance']), $due ? day(min(array_column($due, 'due_on'))) : ''], ['Services', implode(', ', array_column($supply, 'service')), day($a['opened_on'])], ['Rate', $supply[0]['plan'] ?? '', $a['category']], ['Meters', implode(', ', array_column($supply, 'meter_no')), ''], ['Last payment', '$' . money($payments[0]['amount'] ?? 0), ''], ['Deposit held', '$' . money($a['deposit_balance']), '']]);
    echo '</section><div class="s-two"><div><div class="s-grid">';
    card('Bills', fn() => table('Bills of the account', [['Bill', 'code'], ['Issued', 'date'], ['Due', 'date'], ['Use', 'num'], ['Amount', 'money'], ['Unpaid', 'money'], ['Status', 'status']], array_map(fn($b) => [$b['bill_no'], day($b['bill_date']), day($b['due_date']), $b['usage_qty'] / 1000000, money($b['total']), money($b['open']), ucfirst($b['payment_status'])], array_slice($bills, 0, 6)), '/u/swa-w/bx/bills/'));
    $use = array_reverse(array_map(fn($b) => [date('M', strtotime($b['period_end'])), $b['usage_qty'] / 1000000, $b['period_end']], array_slice($bills, 0, 13)));
    card('Use, CCF', function () use ($use) { chart($use); table('Use', [['Period to', 'date'], ['Use', 'num']], array_map(fn($u) => [day($u[2]), $u[1] . ' CCF'], $use)); });
    $events = [];
    foreach ($payments as $x) if ($x['receipt_no']) $events[] = [$x['received_at'], 'cash', 'Payment, receipt ' . $x['receipt_no']];
    foreach ($bills as $x) if ($x['published_at']) $events[] = [$x['published_at'], 'receipt', 'Bill ' . $x['bill_no'] . ' issued'];
    usort($events, fn($x, $y) => $y[0] <=> $x[0]);
    echo '</div></div><div class="side"><section class="s-card"><div class="s-tl">';
    foreach (array_slice($events, 0, 8) as [$at, $icon, $title]) echo '<h3>', date('j M Y', strtotime($at)), '</h3><ol><li><span class="s-ti">', icon($icon), '</span><div><p><strong>', h($title), '</strong> <span class="num sub">', date('g:i A', strtotime($at)), '</span></p></div></li></ol>';
    echo '</div></section>';
}
echo '</div></div>', $work['foot'];
