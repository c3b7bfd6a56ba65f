//! Charts over time, drawn by plotters into SVG.
//!
//! The colours in the SVG are those of the light theme; the page's style sheet maps each of them to the
//! theme in force, and gives each series its dash pattern, by the colour that stands in the attribute.
//! Everything is drawn at twice its size, because plotters rounds to whole pixels.

use std::ops::Range;

use plotters::chart::ChartContext;
use plotters::coord::Shift;
use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    AreaSeries, Cartesian2d, ChartBuilder, DrawingArea, IntoDrawingArea, IntoFont, LineSeries,
    PathElement, RGBColor, Rectangle, SVGBackend, ShapeStyle, Text,
};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::ticks;

/// The widths that a chart is drawn for, in CSS pixels, the widest first; the page shows the one that
/// fits.
pub(crate) const WIDTHS: [Width; 3] = [
    Width {
        class: "wide",
        pixels: 1080,
    },
    Width {
        class: "medium",
        pixels: 640,
    },
    Width {
        class: "narrow",
        pixels: 352,
    },
];

/// A width that a chart is drawn for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Width {
    /// The class of its element.
    pub(crate) class: &'static str,
    /// In CSS pixels.
    pub(crate) pixels: u32,
}

/// A chart over time.
pub(crate) struct Chart<'a> {
    /// The time that it shows, in seconds of the epoch.
    pub(crate) time: Range<i64>,
    /// What its values are, with their unit.
    pub(crate) axis: &'a str,
    /// The values that it shows.
    pub(crate) values: Range<f64>,
    /// How a value is written.
    pub(crate) format: fn(f64) -> String,
    /// The lines, the first one in front.
    pub(crate) lines: Vec<Line>,
    /// A value that matters, and what it is.
    pub(crate) limit: Option<(f64, String)>,
    /// The moments that are marked, by their number.
    pub(crate) moments: Vec<(i64, usize)>,
    /// Times that are shaded.
    pub(crate) shaded: Vec<Range<i64>>,
}

/// A line of a chart.
pub(crate) struct Line {
    /// What stands at its end.
    pub(crate) name: String,
    /// Its colour and dash pattern.
    pub(crate) look: Look,
    /// Its points, in order; it is broken where there is none.
    pub(crate) points: Vec<Option<(i64, f64)>>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What it is all about: a solid and strong line.
    Strong,
    /// Another one, with a pattern of its own.
    Calm(usize),
    /// Filled down to the axis.
    Filled,
}

const MUTED: RGBColor = RGBColor(0x5B, 0x64, 0x70);
const GRID: RGBColor = RGBColor(0xE3, 0xE6, 0xEA);
const AXIS: RGBColor = RGBColor(0x9A, 0xA3, 0xAD);
const FLAG: RGBColor = RGBColor(0x2B, 0x31, 0x38);
const FLAG_INK: RGBColor = RGBColor(0xFF, 0xFF, 0xFE);
const POLE: RGBColor = RGBColor(0x8D, 0x96, 0xA1);
const SHADE: RGBColor = RGBColor(0xFB, 0xEE, 0xEB);
const LIMIT: RGBColor = RGBColor(0x80, 0x86, 0x8D);
const STRONG: RGBColor = RGBColor(0xB3, 0x26, 0x1E);
const FILL: RGBColor = RGBColor(0xD9, 0xDE, 0xE4);
const FILL_EDGE: RGBColor = RGBColor(0x6F, 0x79, 0x85);
const CALM: [RGBColor; 6] = [
    RGBColor(0x1F, 0x5F, 0xA8),
    RGBColor(0x0B, 0x7A, 0x6F),
    RGBColor(0x7A, 0x4E, 0xA3),
    RGBColor(0x8A, 0x5A, 0x00),
    RGBColor(0x3D, 0x6B, 0x2E),
    RGBColor(0xA0, 0x3D, 0x7C),
];

const SCALE: i32 = 2;
const HEIGHT: i32 = 276;
const TOP: i32 = 46;
const BOTTOM: i32 = 28;
const LEFT: i32 = 50;
/// Between the names of two lines, at least.
const LEADING: i32 = 16;
/// plotters writes a font's size divided by this.
const FONT: f64 = 1.24;
/// The width of a letter of a name, at the size that names have.
const LETTER: f64 = 7.8;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Plane<'a> =
    ChartContext<'a, SVGBackend<'a>, Cartesian2d<WithTicks<RangedCoordi64>, RangedCoordf64>>;
type WithTicks<R> = plotters::coord::combinators::WithKeyPoints<R>;
type RangedCoordi64 = plotters::coord::types::RangedCoordi64;

/// Why a chart could not be drawn: never, as far as plotters documents, when it draws into memory.
#[derive(Debug)]
pub(crate) struct DrawError;

impl<E: std::error::Error + Send + Sync> From<plotters::drawing::DrawingAreaErrorKind<E>>
    for DrawError
{
    fn from(_: plotters::drawing::DrawingAreaErrorKind<E>) -> Self {
        Self
    }
}

impl Chart<'_> {
    /// The chart as an SVG element of this width.
    pub(crate) fn draw(&self, width: Width) -> Result<String, DrawError> {
        let mut svg = String::new();
        let pixels = i32::try_from(width.pixels).map_err(|_| DrawError)?;
        let size = (scaled(pixels), scaled(HEIGHT));
        {
            let unsigned = (size.0.unsigned_abs(), size.1.unsigned_abs());
            let area = SVGBackend::with_string(&mut svg, unsigned).into_drawing_area();
            self.draw_on(&area, pixels)?;
            area.present()?;
        }
        Ok(svg)
    }

    fn draw_on(&self, area: &Area<'_>, pixels: i32) -> Result<(), DrawError> {
        let right = self.right_margin();
        let plot = pixels - LEFT - right;
        let ticks = ticks::of_time(&self.time, plot / 74);
        let mut plane = ChartBuilder::on(area)
            .margin_top(scaled(TOP))
            .margin_right(scaled(right))
            .set_label_area_size(plotters::prelude::LabelAreaPosition::Left, scaled(LEFT))
            .set_label_area_size(plotters::prelude::LabelAreaPosition::Bottom, scaled(BOTTOM))
            .build_cartesian_2d(
                (self.time.start..self.time.end).with_key_points(ticks),
                self.values.start..self.values.end,
            )?;
        for shaded in &self.shaded {
            let corners = [
                (shaded.start.max(self.time.start), self.values.start),
                (shaded.end.min(self.time.end), self.values.end),
            ];
            plane.draw_series([Rectangle::new(corners, SHADE.filled())])?;
        }
        self.mesh(&mut plane)?;
        self.limit(&mut plane)?;
        let flags = self.flags(&plane);
        for flag in &flags {
            let pole = [
                (flag.x, scaled(TOP) - 12),
                (flag.x, scaled(HEIGHT - BOTTOM)),
            ];
            area.draw(&PathElement::new(pole, stroke(POLE, 1)))?;
        }
        for line in self.lines.iter().rev() {
            self.line(&mut plane, line)?;
        }
        for flag in &flags {
            flag.draw(area)?;
        }
        self.names(area, &plane, pixels - right)?;
        area.draw(&Text::new(
            self.axis.to_owned(),
            (scaled(2), scaled(2)),
            font(11.5, MUTED, Pos::new(HPos::Left, VPos::Top)),
        ))?;
        Ok(())
    }

    fn mesh(&self, plane: &mut Plane<'_>) -> Result<(), DrawError> {
        let format = self.format;
        let time = |second: &i64| ticks::clock(*second);
        let value = move |value: &f64| format(*value);
        let label = |color: RGBColor| {
            ("sans-serif", 11.5 * FONT * f64::from(SCALE))
                .into_font()
                .color(&color)
        };
        plane
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(stroke(GRID, 1))
            .light_line_style(plotters::style::TRANSPARENT)
            .axis_style(stroke(AXIS, 1))
            .set_all_tick_mark_size(scaled(3))
            .x_label_style(label(MUTED))
            .y_label_style(label(MUTED))
            .x_label_formatter(&time)
            .y_label_formatter(&value)
            .y_labels(6)
            .draw()?;
        Ok(())
    }

    fn limit(&self, plane: &mut Plane<'_>) -> Result<(), DrawError> {
        let Some((value, what)) = &self.limit else {
            return Ok(());
        };
        if !self.values.contains(value) {
            return Ok(());
        }
        let ends = [(self.time.start, *value), (self.time.end, *value)];
        plane.draw_series([PathElement::new(ends, stroke(LIMIT, 1))])?;
        let above = font(11.0, MUTED, Pos::new(HPos::Right, VPos::Bottom));
        let place = plane.backend_coord(&(self.time.end, *value));
        let area = plane.plotting_area().strip_coord_spec();
        let origin = area.get_base_pixel();
        area.draw(&Text::new(
            what.clone(),
            (
                place.0 - origin.0 - scaled(5),
                place.1 - origin.1 - scaled(2),
            ),
            above,
        ))?;
        Ok(())
    }

    fn line(&self, plane: &mut Plane<'_>, line: &Line) -> Result<(), DrawError> {
        for run in line.points.split(Option::is_none) {
            let points: Vec<(i64, f64)> = run
                .iter()
                .flatten()
                .map(|(at, value)| (*at, value.clamp(self.values.start, self.values.end)))
                .collect();
            if points.is_empty() {
                continue;
            }
            match line.look {
                Look::Filled => {
                    let area = AreaSeries::new(points, self.values.start, FILL.filled());
                    plane.draw_series(area.border_style(stroke(FILL_EDGE, 2)))?;
                }
                Look::Strong => {
                    plane.draw_series(LineSeries::new(points, stroke(STRONG, 3)))?;
                }
                Look::Calm(_) => {
                    plane.draw_series(LineSeries::new(points, stroke(line.look.color(), 2)))?;
                }
            }
        }
        Ok(())
    }

    /// The names of the lines at their ends, one above the other.
    fn names(&self, area: &Area<'_>, plane: &Plane<'_>, edge: i32) -> Result<(), DrawError> {
        let mut ends: Vec<(&Line, i32, i32)> = Vec::new();
        for line in &self.lines {
            if let Some((at, value)) = line.points.iter().flatten().next_back() {
                let value = value.clamp(self.values.start, self.values.end);
                let end = plane.backend_coord(&(*at, value));
                ends.push((line, end.1, end.0));
            }
        }
        ends.sort_by_key(|(_, y, _)| *y);
        let wanted: Vec<i32> = ends.iter().map(|(_, y, _)| *y).collect();
        let places = apart(
            &wanted,
            scaled(LEADING),
            scaled(TOP),
            scaled(HEIGHT - BOTTOM),
        );
        for ((line, end, x), place) in ends.iter().zip(places) {
            let color = line.look.color();
            let leader = [
                (*x, *end),
                (scaled(edge + 4), *end),
                (scaled(edge + 10), place),
            ];
            area.draw(&PathElement::new(leader, stroke(POLE, 1)))?;
            area.draw(&Text::new(
                line.name.clone(),
                (scaled(edge + 13), place),
                font(12.0, color, Pos::new(HPos::Left, VPos::Center)),
            ))?;
        }
        Ok(())
    }

    fn right_margin(&self) -> i32 {
        let longest = self.lines.iter().map(|line| line.name.chars().count());
        let letters = longest.max().unwrap_or_default();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "a name has some letters"
        )]
        let width = (letters as f64 * LETTER) as i32;
        width + 16
    }

    /// The flags of the moments; those that would overlap are one.
    fn flags(&self, plane: &Plane<'_>) -> Vec<Flag> {
        let mut flags: Vec<Flag> = Vec::new();
        for (at, number) in &self.moments {
            if !(self.time.start..=self.time.end).contains(at) {
                continue;
            }
            let x = plane.backend_coord(&(*at, self.values.start)).0;
            let flag = Flag {
                x,
                first: *number,
                last: *number,
            };
            flags.push(flag);
            while let [.., before, last] = flags.as_mut_slice() {
                if last.x - before.x > before.half() + last.half() + scaled(2) {
                    break;
                }
                before.last = last.last;
                flags.pop();
            }
        }
        flags
    }
}

impl Look {
    fn color(self) -> RGBColor {
        match self {
            Self::Strong => STRONG,
            Self::Calm(place) => CALM[place % CALM.len()],
            Self::Filled => FILL_EDGE,
        }
    }
}

/// A flag over the chart, with the numbers of its moments.
struct Flag {
    x: i32,
    first: usize,
    last: usize,
}

impl Flag {
    fn text(&self) -> String {
        if self.first == self.last {
            self.first.to_string()
        } else {
            format!("{}–{}", self.first, self.last)
        }
    }

    /// Half of its width.
    fn half(&self) -> i32 {
        let letters = i32::try_from(self.text().chars().count()).unwrap_or(8);
        scaled(letters * 7 + 9) / 2
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), DrawError> {
        let (top, bottom) = (scaled(TOP - 22), scaled(TOP - 5));
        let half = self.half();
        let left = (self.x - half).max(0);
        let corners = [(left, top), (left + 2 * half, bottom)];
        area.draw(&Rectangle::new(corners, FLAG.filled()))?;
        area.draw(&Text::new(
            self.text(),
            (left + half, i32::midpoint(top, bottom)),
            font(11.0, FLAG_INK, Pos::new(HPos::Center, VPos::Center)),
        ))?;
        Ok(())
    }
}

fn font(size: f64, color: RGBColor, anchor: Pos) -> plotters::style::TextStyle<'static> {
    ("sans-serif", size * FONT * f64::from(SCALE))
        .into_font()
        .color(&color)
        .pos(anchor)
}

fn stroke(color: RGBColor, pixels: i32) -> ShapeStyle {
    color.stroke_width(scaled(pixels).unsigned_abs())
}

fn scaled(pixels: i32) -> i32 {
    pixels * SCALE
}

/// Places near the wanted ones, which are in order, so that no two are nearer than so much.
fn apart(wanted: &[i32], least: i32, top: i32, bottom: i32) -> Vec<i32> {
    let mut places = wanted.to_vec();
    let mut floor = top;
    for place in &mut places {
        *place = (*place).max(floor);
        floor = *place + least;
    }
    let mut ceiling = bottom;
    for place in places.iter_mut().rev() {
        *place = (*place).min(ceiling);
        ceiling = *place - least;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_and_near_their_lines() {
        for (wanted, places) in [
            (vec![10, 50], vec![10, 50]),
            (vec![50, 50, 50], vec![50, 66, 82]),
            (vec![98, 99], vec![84, 100]),
            (vec![0, 99, 99], vec![0, 84, 100]),
        ] {
            assert_eq!(apart(&wanted, 16, 0, 100), places);
        }
    }
}
