// Enlarges pictures: a dialog over the page, for mouse, keyboard and touch.
(() => {
  'use strict';
  const LARGEST = 8;
  const SWIPE = 50; // pixels

  const pictures = [...document.querySelectorAll('button.picture')];
  const dialog = document.querySelector('.lightbox');
  const stage = dialog.querySelector('.stage');
  const image = stage.querySelector('img');
  const caption = dialog.querySelector('p');
  let current = 0;
  let scale = 1;

  function show(index) {
    current = (index + pictures.length) % pictures.length;
    const button = pictures[current];
    const shown = button.querySelector('img');
    image.src = shown.src;
    image.alt = shown.alt;
    image.className = shown.className;
    image.style.background = button.closest('.plate') ? '#ffffff' : '';
    caption.textContent = `${current + 1} / ${pictures.length} · ${button.dataset.caption}`;
    enlarge(1);
  }

  /** The middle of what is seen stays in the middle. */
  function enlarge(next) {
    const factor = Math.min(LARGEST, Math.max(1, next)) / scale;
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = stage;
    scale *= factor;
    image.style.width = image.style.height = `${100 * scale}%`;
    stage.classList.toggle('enlarged', scale > 1);
    stage.scrollLeft = (scrollLeft + clientWidth / 2) * factor - clientWidth / 2;
    stage.scrollTop = (scrollTop + clientHeight / 2) * factor - clientHeight / 2;
  }

  const deeds = {
    previous: () => show(current - 1),
    next: () => show(current + 1),
    larger: () => enlarge(2 * scale),
    smaller: () => enlarge(scale / 2),
    close: () => dialog.close(),
  };
  const keys = {
    ArrowLeft: 'previous',
    ArrowRight: 'next',
    '+': 'larger',
    '=': 'larger',
    '-': 'smaller',
  };

  pictures.forEach((button, index) => {
    button.addEventListener('click', () => {
      dialog.showModal();
      show(index);
    });
  });
  dialog.addEventListener('click', ({ target }) => {
    const deed = target.closest('[data-do]')?.dataset.do;
    if (deed) deeds[deed]();
  });
  dialog.addEventListener('keydown', (event) => {
    const deed = keys[event.key];
    if (!deed || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    deeds[deed]();
  });
  dialog.addEventListener('close', () => pictures[current].focus());

  let start = null;
  image.draggable = false;
  image.addEventListener('pointerdown', (event) => {
    start = event.isPrimary ? event : null;
  });
  image.addEventListener('pointermove', (event) => {
    if (!start || event.pointerType !== 'mouse') return;
    stage.scrollBy(-event.movementX, -event.movementY);
  });
  window.addEventListener('pointerup', (event) => {
    if (!start) return;
    const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
    start = null;
    const still = Math.hypot(dx, dy) < 6;
    if (still) enlarge(scale > 1 ? 1 : 3);
    else if (
      event.pointerType !== 'mouse' &&
      scale === 1 &&
      Math.abs(dx) > Math.max(SWIPE, 2 * Math.abs(dy))
    ) {
      show(current + (dx < 0 ? 1 : -1));
    }
  });
  window.addEventListener('pointercancel', () => {
    start = null;
  });
})();
