"use strict";

/** Whether the reader wants nothing to move by itself. */
const still = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Moves and scales one drawing in a stage: by wheel, drag, two fingers, and by what it is told.
 * `changed` is called with the scale whenever it may have changed.
 */
class View {
  constructor(stage, changed) {
    this.stage = stage;
    this.changed = changed;
    this.svg = null;
    this.x = this.y = 0;
    this.k = this.fitted = 1;
    /** Whether nobody has moved it since it was fitted: then it follows the window's size. */
    this.free = false;
    this.moved = false;
    this.frame = 0;
    this.fingers = new Map();
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      stage.addEventListener(end, (event) => this.up(event));
    }
    stage.addEventListener("dragstart", (event) => event.preventDefault());
    // A drag that ends on something is no click on it.
    stage.addEventListener("click", (event) => {
      if (this.moved) {
        event.preventDefault();
        event.stopImmediatePropagation();
        this.moved = false;
      }
    }, true);
    new ResizeObserver(() => (this.free ? this.keep() : this.fit(false))).observe(stage);
  }

  /** Takes a drawing, whose sizes are those of its viewBox. */
  take(svg) {
    this.svg = svg;
    const box = svg.viewBox.baseVal;
    this.w = box.width;
    this.h = box.height;
    svg.setAttribute("width", this.w);
    svg.setAttribute("height", this.h);
    this.begin();
  }

  /** All of the drawing in the middle of the stage, as large as it can be there, though not larger than is pleasant. */
  fit(smoothly = true) {
    if (!this.svg) return;
    const { clientWidth: w, clientHeight: h } = this.stage;
    const edge = Math.min(28, w / 24);
    // Below, in a corner of the stage, there is the legend.
    const room = h - edge - Math.min(64, h / 8);
    const k = Math.max(Math.min((w - 2 * edge) / this.w, room / this.h, 1.9), 0.05);
    this.fitted = k;
    this.free = false;
    this.go((w - this.w * k) / 2, edge / 2 + Math.max((room - this.h * k) / 2, 0), k, smoothly);
  }

  /** As it is first seen: all of it, or if it is so tall that nothing could be read, its top. */
  begin() {
    this.fit(false);
    const { clientWidth: w } = this.stage;
    const k = Math.min((w - 40) / this.w, 1);
    if (this.k >= 0.75 || k <= this.k * 1.15) return;
    this.go((w - this.w * k) / 2, 14, k, false);
    this.free = true;
  }

  zoom(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2, smoothly = true) {
    const from = this.goal ?? this;
    const k = Math.min(Math.max(from.k * factor, Math.min(this.fitted, 1) * 0.4), Math.max(8, this.fitted * 4));
    this.free = true;
    this.go(x - ((x - from.x) * k) / from.k, y - ((y - from.y) * k) / from.k, k, smoothly);
  }

  pan(dx, dy, smoothly = true) {
    const from = this.goal ?? this;
    this.free = true;
    this.go(from.x + dx, from.y + dy, from.k, smoothly);
  }

  /** Brings a rectangle of the stage (in pixels of the window) into sight, if it is not. */
  reveal(box) {
    const stage = this.stage.getBoundingClientRect();
    const edge = 24;
    const dx = Math.max(stage.left + edge - box.left, 0) || Math.min(stage.right - edge - box.right, 0);
    const dy = Math.max(stage.top + edge - box.top, 0) || Math.min(stage.bottom - edge - box.bottom, 0);
    if (dx || dy) this.pan(dx, dy);
  }

  go(x, y, k, smoothly) {
    cancelAnimationFrame(this.frame);
    const some = 60;
    // Some of the drawing stays in sight.
    x = Math.min(Math.max(x, some - this.w * k), this.stage.clientWidth - some);
    y = Math.min(Math.max(y, some - this.h * k), this.stage.clientHeight - some);
    if (!smoothly || still.matches) {
      this.goal = null;
      this.place(x, y, k);
      return;
    }
    const from = { x: this.x, y: this.y, k: this.k };
    const begun = performance.now();
    this.goal = { x, y, k };
    const step = (now) => {
      const t = Math.min((now - begun) / 220, 1);
      const part = 1 - (1 - t) ** 3;
      const at = (a, b) => a + (b - a) * part;
      this.place(at(from.x, x), at(from.y, y), at(from.k, k));
      if (t < 1) this.frame = requestAnimationFrame(step);
      else this.goal = null;
    };
    this.frame = requestAnimationFrame(step);
  }

  place(x, y, k) {
    Object.assign(this, { x, y, k });
    this.svg.style.transform = `translate(${x}px, ${y}px) scale(${k})`;
    this.changed(k);
  }

  keep() {
    if (this.svg) this.go(this.x, this.y, this.k, false);
  }

  wheel(event) {
    if (!this.svg) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 18 : event.deltaMode === 2 ? 300 : 1;
    if (event.shiftKey) {
      this.pan(-(event.deltaX || event.deltaY) * unit, 0, false);
      return;
    }
    const box = this.stage.getBoundingClientRect();
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    this.zoom(Math.exp(-event.deltaY * unit * speed), event.clientX - box.left, event.clientY - box.top, false);
  }

  down(event) {
    if (event.button !== 0 || !this.svg) return;
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.fingers.size === 1) {
      this.moved = false;
      this.begun = { x: event.clientX, y: event.clientY };
    }
  }

  move(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (!this.moved && this.fingers.size === 1) {
      if (Math.hypot(now.x - this.begun.x, now.y - this.begun.y) < 5) return;
    }
    if (!this.moved) {
      this.moved = true;
      this.stage.classList.add("dragged");
      this.stage.setPointerCapture(event.pointerId);
    }
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.fingers.set(event.pointerId, now);
    if (!other) {
      this.pan(now.x - before.x, now.y - before.y, false);
      return;
    }
    const box = this.stage.getBoundingClientRect();
    const reach = (at) => Math.hypot(at.x - other.x, at.y - other.y) || 1;
    const middle = { x: (now.x + other.x) / 2 - box.left, y: (now.y + other.y) / 2 - box.top };
    this.zoom(reach(now) / reach(before), middle.x, middle.y, false);
    this.pan((now.x - before.x) / 2, (now.y - before.y) / 2, false);
  }

  up(event) {
    this.fingers.delete(event.pointerId);
    if (this.fingers.size === 0) {
      this.stage.classList.remove("dragged");
      // The click that this pointer makes comes next; a later one is meant.
      setTimeout(() => (this.moved = false));
    }
  }
}
