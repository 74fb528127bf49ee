// Cells of four sources or outputs next to each other, loaded and stored at once.
alias Cell = vec4f;
const CELL = 4u;

fn part_of(cell: Cell, at: u32) -> f32 { return cell[at]; }

fn set_part(cell: ptr<function, Cell>, at: u32, v: f32) { (*cell)[at] = v; }

fn finish_cell(cell: Cell, i: u32, shift: u32) -> Cell { return finish4(cell, i, shift); }
