/* SPDX-License-Identifier: BSD-2-Clause */
/* The status page: figures as JSON, and a page that draws them and asks again each second. */
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <ukern/task.h>

const char status_page[] =
    "<!doctype html><html lang=en><meta charset=utf-8><title>ukern status</title>"
    "<meta name=viewport content='width=device-width'>"
    "<style>:root{color-scheme:light dark;--c:#3b7dd8;--l:#8884}"
    "body{font:15px/1.45 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em}"
    "h1{font-size:1.5em;margin:0 0 .6em}small{opacity:.6;font-weight:normal}"
    "#cards{display:flex;flex-wrap:wrap;gap:.8em;margin-bottom:1.2em}"
    ".card{flex:1 1 9em;border:1px solid var(--l);border-radius:.6em;padding:.6em .9em}"
    ".card b{display:block;font-size:1.5em;font-variant-numeric:tabular-nums}"
    "svg{width:100%;height:4em;border:1px solid var(--l);border-radius:.6em;margin-bottom:1.2em}"
    "polyline{fill:none;stroke:var(--c);stroke-width:1.5;vector-effect:non-scaling-stroke}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "td,th{text-align:right;padding:.3em .6em;border-bottom:1px solid var(--l)}"
    "td:nth-child(2),th:nth-child(2),td:nth-child(3),th:nth-child(3){text-align:left}"
    "meter{width:7em}</style>"
    "<h1>ukern <small id=up></small></h1><div id=cards></div>"
    "<svg id=plot viewBox='0 0 120 100' preserveAspectRatio=none><polyline id=line /></svg>"
    "<table><thead><tr><th>id<th>task<th>state<th>priority<th>CPU<th>CPU time<th>messages/s"
    "<th>memory<th></tr></thead><tbody id=tasks></tbody></table>"
    "<script>let last,load=[];const $=i=>document.getElementById(i),"
    "S=['loading','ready','sends','calls','waits','waits for a task','fault','dying','dead'],"
    "kb=n=>n>=1<<20?(n/1048576).toFixed(1)+' MiB':Math.round(n/1024)+' KiB',"
    "card=(n,v)=>`<div class=card>${n}<b>${v}</b></div>`,"
    "esc=s=>s.replace(/[&<]/g,c=>c=='&'?'&amp;':'&lt;');"
    "async function go(){try{const d=await(await fetch('/status.json')).json(),p=last||d,"
    "dt=Math.max(1,d.uptime-p.uptime),rate=k=>Math.round((d[k]-p[k])*1e9/dt),"
    "busy=last?Math.max(0,100-(d.idle-p.idle)*100/dt):0;"
    "load.push(busy);load=load.slice(-120);"
    "$('line').setAttribute('points',load.map((v,i)=>i+','+(98-v*.96)).join(' '));"
    "$('up').textContent='up '+Math.floor(d.uptime/1e9)+' s';"
    "$('cards').innerHTML=card('CPU',busy.toFixed(1)+' %')+card('memory free',kb(d.free))+"
    "card('tasks',d.tasks.length)+card('switches/s',rate('switches'))+"
    "card('interrupts/s',rate('interrupts'))+card('requests',d.requests)+"
    "card('connections',d.connections);"
    "$('tasks').innerHTML=d.tasks.map(t=>{const o=p.tasks.find(x=>x.id==t.id)||t;"
    "return `<tr><td>${t.id}<td>${esc(t.name)}<td>${S[t.state]||t.state}<td>${t.priority}"
    "<td>${((t.cpu-o.cpu)*100/dt).toFixed(1)} %<td>${(t.cpu/1e9).toFixed(3)} s"
    "<td>${Math.round((t.ipc-o.ipc)*1e9/dt)}<td>${kb(t.used)} of ${kb(t.limit)}"
    "<td><meter max=${t.limit} value=${t.used}></meter></tr>`}).join('');"
    "last=d}catch(e){$('up').textContent='does not "
    "answer'}setTimeout(go,1000)}go()</script></html>";

struct text {
    char *at;
    size_t room;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = vsnprintf(t->at + t->used, t->room - t->used, format, list);
    va_end(list);
    if (n > 0)
        t->used += (size_t)n < t->room - t->used ? (size_t)n : t->room - t->used - 1;
}

/* A task's name is what its parent chose: keep to what JSON needs no escape for. */
static void add_name(struct text *t, const char *name)
{
    for (; *name != 0; name++)
        add(t, "%c", *name >= ' ' && *name < 127 && *name != '"' && *name != '\\' ? *name : '?');
}

size_t status_json(char *to, size_t size, unsigned long requests, unsigned connections)
{
    ukern_handle system = task_handle("system");
    struct text t = {to, size, 0};
    struct ukern_system_info s = {0};
    struct ukern_task_info i;

    system_info(system, &s);
    add(&t,
        "{\"uptime\":%llu,\"idle\":%llu,\"free\":%llu,\"total\":%llu,\"switches\":%llu,"
        "\"interrupts\":%llu,\"requests\":%lu,\"connections\":%u,\"tasks\":[",
        (unsigned long long)s.uptime_ns, (unsigned long long)s.idle_ns,
        (unsigned long long)s.memory_free, (unsigned long long)s.memory_total,
        (unsigned long long)s.switches, (unsigned long long)s.interrupts, requests, connections);
    for (uint64_t id = 0; t.room - t.used > 512 && task_info(system, id, &i) == UKERN_OK;
         id = i.id + 1) {
        add(&t, "%s{\"id\":%llu,\"name\":\"", id == 0 ? "" : ",", (unsigned long long)i.id);
        add_name(&t, i.name);
        add(&t,
            "\",\"state\":%u,\"priority\":%u,\"cpu\":%llu,\"ipc\":%llu,\"used\":%llu,"
            "\"limit\":%llu}",
            i.state, i.priority, (unsigned long long)i.cpu_ns, (unsigned long long)i.ipc_count,
            (unsigned long long)i.memory_used, (unsigned long long)i.memory_limit);
    }
    add(&t, "]}");
    return t.used;
}
