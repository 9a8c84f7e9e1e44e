using System.Text;
using VirtualEmFs.Frames;
using VirtualEmFs.Truncation;
using Xunit;

namespace VirtualEmFs.Tests.Truncation;

public sealed class TruncationRulesTests
{
    [Theory]
    [InlineData("Micrographs/a.mrc", ArchiveContent.Image, 2, 10)]
    [InlineData("a.mrc", ArchiveContent.Volume, 2, 12)]
    [InlineData("a.mrc", ArchiveContent.Image, 12, 0)]
    [InlineData("x/Gain_ref.mrc", ArchiveContent.Image, 2, 0)]
    [InlineData("Refine3D/run_half1_class001_unfil.mrc", ArchiveContent.Volume, 2, 0)]
    [InlineData("mic_PS.mrc", ArchiveContent.Image, 2, 0)]
    [InlineData("maps.mrc", ArchiveContent.Volume, 2, 12)]
    [InlineData("mask/a.mrc", ArchiveContent.Volume, 2, 12)]
    public void BuiltIn_NameAndKind_DecideBits(string path, ArchiveContent content, int mode, int bits)
    {
        Treatment treatment = TruncationRules.BuiltIn.For(path, content, mode);

        Assert.Equal(bits, treatment.Bits);
        Assert.Equal(LimitKind.None, treatment.Limits.Kind);
        Assert.Equal(content == ArchiveContent.Stack, treatment.KeepsSparse);
    }

    [Theory]
    [InlineData("mic.mrc", ArchiveContent.Image, 5)]
    [InlineData("particles.mrcs", ArchiveContent.Stack, 5)]
    [InlineData("tilt.rec", ArchiveContent.Volume, 8)]
    [InlineData("tilt_filtered.rec", ArchiveContent.Volume, 12)]
    [InlineData("softmask.mrc", ArchiveContent.Volume, 8)]
    [InlineData("diffraction.mrc", ArchiveContent.Image, 0)]
    [InlineData("class_averages.mrcs", ArchiveContent.Stack, 10)]
    public void Paper_NameAndKind_DecideBits(string path, ArchiveContent content, int bits) =>
        Assert.Equal(bits, TruncationRules.Paper.For(path, content, 2).Bits);

    [Fact]
    public void Parse_FirstMatch_Wins()
    {
        TruncationRules rules = Parse("""
            {
              // our microscope
              "rules": [
                { "glob": "raw/*.mrc", "bits": 6, "outliers": "4s:4s", "level": 9, "delay": 90, "maxStepSigma": 0.5, },
                { "glob": "*.st", "keepRaw": true },
                { "glob": "*gain*", "truncateIntegers": true, "bits": 8 },
                { "glob": "*", "delay": 5 },
              ],
            }
            """);

        Treatment raw = rules.For("raw/1.mrc", ArchiveContent.Image, 2);
        Assert.Equal((6, 9, TimeSpan.FromSeconds(90), 0.5f), (raw.Bits, raw.Level, raw.Delay, raw.MaxStepSigma));
        Assert.Equal((LimitKind.Sigma, 4d, 4d), (raw.Limits.Kind, raw.Limits.Low, raw.Limits.High));
        Assert.True(rules.For("t.st", ArchiveContent.Stack, 1).KeepsRaw);
        Assert.Equal((8, true), (rules.For("gain.mrc", ArchiveContent.Image, 2).Bits, rules.For("gain.mrc", ArchiveContent.Image, 2).TruncatesIntegers));
        Treatment rest = rules.For("half1.mrc", ArchiveContent.Volume, 2);
        Assert.Equal((0, TimeSpan.FromSeconds(5)), (rest.Bits, rest.Delay));
    }

    /// <summary>What is printed names the user's rule, and what decided where that leaves the bits open.</summary>
    [Theory]
    [InlineData("ts.st", ArchiveContent.Stack, 2, "*.st: by content, after 300 s, level 12; *: 10 bits")]
    [InlineData("ts.st", ArchiveContent.Stack, 12, "*.st: by content, after 300 s, level 12; mode 12: lossless")]
    [InlineData("raw/a.mrc", ArchiveContent.Image, 12, "raw/*: 6 bits, clamped 4 sigma below and 4 above the mean, whole numbers truncated too, steps up to 0.5 sigma")]
    [InlineData("a.mrc", ArchiveContent.Volume, 2, "volumes *: 12 bits")]
    [InlineData("a.map", ArchiveContent.Volume, 2, "*.map: keep raw")]
    public void For_OwnAndProfileRules_TellsWhatDecided(string path, ArchiveContent content, int mode, string rule) =>
        Assert.Equal(rule, Parse("""
            [
              { "glob": "*.st", "delay": 300, "level": 12 },
              { "glob": "raw/*", "bits": 6, "outliers": "4s:4s", "truncateIntegers": true, "maxStepSigma": 0.5 },
              { "glob": "*.map", "keepRaw": true }
            ]
            """).For(path, content, mode).Rule);

    [Theory]
    [InlineData("[\n{ \"glob\": \"*\", \"bits\": 17 }]", "my.rules, line 2: a number from 0 to 16 is needed here")]
    [InlineData("[\n\n{ \"glob\": \"*\",\n \"bit\": 7 }]", "my.rules, line 4: a rule has no setting 'bit'")]
    [InlineData("[{ \"glob\": \"*\",\n\"bits\": 7, \"lossless\": true }]", "my.rules, line 2: a rule has 'bits' or is 'lossless', not both")]
    [InlineData("[{ \"glob\": \"*\", \"outliers\": \"9x:4\" }]", "my.rules, line 1: 'outliers' is keep, o, low:high, or 4s:4s in units of sigma, not '9x:4'")]
    [InlineData("[{ \"bits\": 7 }]", "my.rules, line 1: a rule needs a 'glob'")]
    [InlineData("[\n{ \"glob\": \"*\",\n\"level\": 1.5 }]", "my.rules, line 3: 'level' is a whole number from 1 to 12")]
    [InlineData("[\n{ \"glob\": \"*\",\n\"delay\": -1 }]", "my.rules, line 3: a number from 0 to 31536000 is needed here")]
    [InlineData("{\n\"profile\": \"mine\" }", "my.rules, line 2: there is no profile 'mine': say 'built-in' or 'paper'")]
    [InlineData("[\n{ \"glob\": \"*\",\n\"bits\": 5,\n\"bits\": 6 }]", "my.rules, line 4: 'bits' is there twice")]
    [InlineData("{ \"rules\": [{ \"glob\": \"*\", \"bits\": 5 }],\n\"rules\": [] }", "my.rules, line 2: 'rules' is there twice")]
    [InlineData("[{ \"glob\": \"*\", \"outliers\": \"5:2\" }]", "my.rules, line 1: the range 5,2 is not a range: give the lower limit first, and the upper limit above it")]
    public void Parse_BadRule_NamesTheLine(string json, string message) =>
        Assert.Equal(message, Assert.Throws<TruncationException>(() => Parse(json)).Message);

    [Theory]
    [InlineData("[\n{ \"glob\" }]", "my.rules, line 2: this is not JSON")]
    [InlineData("[] []", "my.rules, line 1: this is not JSON")]
    [InlineData("", "my.rules, line 1: this is not JSON")]
    public void Parse_NotJson_NamesTheLine(string json, string start) =>
        Assert.StartsWith(start, Assert.Throws<TruncationException>(() => Parse(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("a.hdf", "a.hdf", null, null)]
    [InlineData("a.hdf:5", "a.hdf", 5, LimitKind.Outliers)]
    [InlineData("a.hdf:0", "a.hdf", 0, LimitKind.Outliers)]
    [InlineData("dir:x/a.hdf:5:f", "dir:x/a.hdf", 5, LimitKind.Full)]
    [InlineData("a.hdf:6:-3s:5s", "a.hdf", 6, LimitKind.Sigma)]
    [InlineData("a.hdf:6:-1.5:2e3", "a.hdf", 6, LimitKind.Range)]
    public void OutputSpec_Syntax_IsRead(string text, string path, int? bits, LimitKind? kind)
    {
        OutputSpec spec = OutputSpec.Parse(text);
        Assert.Equal((path, bits, kind), (spec.Path, spec.Bits, spec.Limits?.Kind));
    }

    [Theory]
    [InlineData("a.hdf:17")]
    [InlineData("a.hdf:5:5:5")]
    [InlineData("a.hdf:5:9:2")]
    [InlineData("a.hdf:5:x")]
    [InlineData("a.hdf:5:3s:x")]
    public void OutputSpec_Nonsense_IsRefused(string text) => Assert.Throws<TruncationException>(() => OutputSpec.Parse(text));

    private static TruncationRules Parse(string json) => RulesFile.Parse(Encoding.UTF8.GetBytes(json), "my.rules");
}
