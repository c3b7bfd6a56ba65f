"use strict";
(() => {
  const token = document.querySelector('meta[name="evac-token"]').content;
  const at = (id) => document.getElementById(id);
  const main = at("incident");
  const NEWS = 100;
  let newest = 0;
  let shown = "";
  let fetching = false;

  const say = (text) => { at("said").textContent = text; };

  const act = async (deed) => {
    try {
      const answer = await fetch("/do", {
        method: "POST",
        headers: { "content-type": "application/json", "x-evac-token": token },
        body: JSON.stringify(deed),
      });
      say((await answer.json()).said);
    } catch (error) {
      say(`The drill does not answer: ${error.message}`);
    }
  };

  const value = (form, name) => {
    const text = form.elements[name].value;
    if (name === "times") return Number(text);
    return text === "" ? null : text;
  };

  for (const form of document.querySelectorAll("form[data-do]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const deed = { do: form.dataset.do };
      for (const field of form.elements) if (field.name) deed[field.name] = value(form, field.name);
      act(deed);
    });
  }
  for (const button of document.querySelectorAll("button[data-do]")) {
    button.addEventListener("click", () => {
      const deed = { do: button.dataset.do };
      const name = button.dataset.with;
      if (name) deed[name] = value(button.form, name);
      act(deed);
    });
  }

  at("watch").addEventListener("change", (event) => act({ do: "watch", on: event.target.checked }));

  // The page's parts are made by the program, which escapes them. What a reader has opened stays open,
  // and what has the focus keeps it.
  const redraw = async () => {
    if (fetching) return;
    fetching = true;
    try {
      const answer = await fetch("/parts");
      if (!answer.ok) return;
      const parts = await answer.text();
      const open = [...main.querySelectorAll("details")].map((one) => one.open);
      const focusable = "summary, [tabindex]";
      const focus = [...main.querySelectorAll(focusable)].indexOf(document.activeElement);
      const scrolled = [...main.querySelectorAll(".scroll")].map((one) => [one.scrollLeft, one.scrollTop]);
      main.innerHTML = parts;
      main.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? false; });
      main.querySelectorAll(".scroll").forEach((one, index) => { [one.scrollLeft, one.scrollTop] = scrolled[index] ?? [0, 0]; });
      if (focus >= 0) main.querySelectorAll(focusable)[focus]?.focus({ preventScroll: true });
    } catch {
      // The stream of events tells that the program is gone.
    } finally {
      fetching = false;
    }
  };

  const tell = (line) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = line.at;
    const actor = document.createElement("b");
    actor.textContent = line.actor;
    item.append(time, " ", actor, " ", line.what);
    const news = at("news");
    news.prepend(item);
    while (news.childElementCount > NEWS) news.lastElementChild.remove();
  };

  const events = new EventSource("/events");
  events.onmessage = (event) => {
    const now = JSON.parse(event.data);
    at("clock").textContent = now.clock;
    const down = now.down.length ? `, ${now.down.length} down` : "";
    at("state").textContent = (now.over ? "over" : now.paused ? "paused" : `${now.speed}×`) + down;
    for (const line of now.news) {
      if (line.number > newest) { newest = line.number; tell(line); }
    }
    if (now.clock !== shown || now.news.length) {
      shown = now.clock;
      redraw();
    }
  };
  events.onerror = () => say("The drill does not answer; the program may have ended.");
})();
