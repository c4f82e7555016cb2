/* SPDX-License-Identifier: BSD-2-Clause */
'use strict';
const rows = [...document.querySelectorAll('.r')], pauses = [...document.querySelectorAll('.p')];
const find = document.getElementById('find'), about = document.getElementById('about'), main = document.querySelector('main');
const textOf = row => row.querySelector('title').textContent;

// Only rows of the chosen tasks (of any, if none is chosen) that have the words.
function choose() {
    const tasks = [...document.querySelectorAll('#tasks input:checked')].map(box => 'l' + box.value);
    const words = find.value.toLowerCase();
    const all = !tasks.length && !words;
    for (const row of rows)
        row.classList.toggle('lost', !all && (tasks.length > 0 && !tasks.some(t => row.classList.contains(t)) ||
            words !== '' && !textOf(row).toLowerCase().includes(words)));
    for (const pause of pauses)
        pause.classList.toggle('lost', !all);
}
document.querySelector('form').addEventListener('input', choose);
document.querySelector('form').addEventListener('submit', event => event.preventDefault());
choose();

// A row that is chosen tells all, and marks the other rows of its call.
function show(row) {
    for (const other of document.querySelectorAll('.same'))
        other.classList.remove('same');
    about.hidden = !row;
    if (!row)
        return;
    about.textContent = textOf(row);
    row.classList.add('same');
    for (const other of rows)
        if (row.dataset.call && other.dataset.call === row.dataset.call)
            other.classList.add('same');
}
let chosen = null;
main.addEventListener('click', event => {
    const row = event.target.closest('.r');
    chosen = row === chosen ? null : row;
    show(chosen);
});
addEventListener('keydown', event => {
    if (event.key === 'Escape')
        show(chosen = null);
    if (event.target === find || !chosen || !['ArrowDown', 'ArrowUp'].includes(event.key))
        return;
    const seen = rows.filter(row => !row.classList.contains('lost'));
    const next = seen[seen.indexOf(chosen) + (event.key === 'ArrowDown' ? 1 : -1)];
    if (next) {
        show(chosen = next);
        next.scrollIntoView({block: 'nearest'});
        event.preventDefault();
    }
});

// A column that has served several tasks is headed by the one whose rows are in sight.
const births = rows.filter(row => row.dataset.column), heads = document.querySelectorAll('.heads g');
const first = [...heads].map(head => head.querySelector('text').textContent);
function head() {
    const top = main.getBoundingClientRect().top + 48, names = [...first];
    for (const row of births) {
        if (row.getBoundingClientRect().top > top)
            break;
        names[row.dataset.column] = row.dataset.name;
    }
    names.forEach((name, i) => { heads[i].querySelector('text').textContent = name.length > 15 ? name.slice(0, 14) + '…' : name; });
}
if (births.length > heads.length)
    main.addEventListener('scroll', head, {passive: true});
