// What is nicer with a script; every page does its work without one. No framework, no build step.
//
//   <time datetime>                       local time with its zone, the exact instant on hover; with data-seconds
//                                         to the second
//   data-live="ADDRESS" data-every="2"    replaced by what ADDRESS answers, every so many seconds, while the answer
//                                         still holds data-live
//   form[data-into="#ID"]                 a form of filters that answers as one types: #ID comes from the page that
//                                         the form would lead to
//   [data-copy="#ID"]                     a button that copies the text of #ID (hidden until this has run)
//   [data-all="NAME"]                     a box that ticks all boxes of that name
//   [data-enables-when-complete]          a form whose last button works once all required fields are filled in

const minutes = {
  day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
};
const shortly = new Intl.DateTimeFormat(undefined, minutes);
const precisely = new Intl.DateTimeFormat(undefined, { ...minutes, second: "2-digit" });

function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]:not([data-local])")) {
    const moment = new Date(element.dateTime);
    const format = "seconds" in element.dataset ? precisely : shortly;
    if (element.dateTime.length > 10 && !Number.isNaN(moment.getTime())) element.textContent = format.format(moment);
    element.dataset.local = "";
  }
}

async function fetched(address, signal) {
  const answer = await fetch(address, { signal, headers: { "X-Rollcall-Part": "1" }, credentials: "same-origin" });
  if (answer.redirected && new URL(answer.url).pathname === "/sign-in") location.reload();
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// What an admin has open or is typing in stays as it is.
function isBusy(element) {
  return element.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
}

function live(root) {
  for (const element of root.querySelectorAll("[data-live]")) {
    const every = Number(element.dataset.every || 2) * 1000;
    let failures = 0;
    const turn = async () => {
      if (!element.isConnected) return;
      if (document.hidden || isBusy(element)) { setTimeout(turn, every); return; }
      try {
        const page = await fetched(element.dataset.live);
        const fresh = element.id ? page.getElementById(element.id) : page.body.firstElementChild;
        failures = 0;
        if (!fresh) return;
        if (fresh.innerHTML !== element.dataset.shown) {
          const focus = document.activeElement?.id;
          element.dataset.shown = fresh.innerHTML;
          element.replaceChildren(...fresh.childNodes);
          localTimes(element);
          if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
        }
        if (!("live" in fresh.dataset)) { element.removeAttribute("data-live"); return; }
      } catch {
        failures += 1; // the server is starting again, or the network is away: asked again, ever more slowly
      }
      setTimeout(turn, Math.min(every * 2 ** failures, 30000));
    };
    setTimeout(turn, every);
  }
}

function typing(root) {
  for (const form of root.querySelectorAll("form[data-into]")) {
    let wait, asked;
    const ask = async () => {
      const address = `${form.getAttribute("action") || location.pathname}?${new URLSearchParams(new FormData(form))}`;
      asked?.abort();
      asked = new AbortController();
      try {
        const page = await fetched(address, asked.signal);
        const into = form.dataset.into;
        const fresh = page.querySelector(into);
        if (!fresh) return;
        document.querySelector(into).replaceChildren(...fresh.childNodes);
        localTimes(document.querySelector(into));
        history.replaceState(null, "", address);
      } catch (error) {
        if (error.name !== "AbortError") form.requestSubmit();
      }
    };
    form.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(ask, 150); });
  }
}

function copying(root) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    });
  }
}

function ticking(root) {
  for (const box of root.querySelectorAll("[data-all]")) {
    box.hidden = false;
    box.addEventListener("change", () => {
      for (const other of document.querySelectorAll(`input[type=checkbox][name="${box.dataset.all}"]`)) other.checked = box.checked;
    });
  }
}

function completing(root) {
  for (const form of root.querySelectorAll("form[data-enables-when-complete]")) {
    const button = [...form.querySelectorAll("button[type=submit]")].at(-1);
    const look = () => { button.disabled = !form.checkValidity(); };
    form.addEventListener("input", look);
    look();
  }
}

for (const prepare of [localTimes, live, typing, copying, ticking, completing]) prepare(document);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector("details.account[open]")?.removeAttribute("open");
});
