// Cells of one source or output, for rows that are no whole fours.
alias Cell = f32;
const CELL = 1u;

fn part_of(cell: Cell, at: u32) -> f32 { return cell; }

fn set_part(cell: ptr<function, Cell>, at: u32, v: f32) { *cell = v; }

fn finish_cell(cell: Cell, i: u32, shift: u32) -> Cell { return finish(cell, i, shift); }
