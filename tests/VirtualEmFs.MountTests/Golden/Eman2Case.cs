using System.Globalization;
using System.Text.Json;

namespace VirtualEmFs.MountTests.Golden;

/// <summary>One archive of EMAN2, and what EMAN2 read back from it.</summary>
internal sealed class Eman2Case
{
    private readonly JsonElement _manifest;

    private Eman2Case(JsonElement manifest) => _manifest = manifest;

    public static IReadOnlyList<Eman2Case> All { get; } = [.. GoldenData.Cases("eman2").Select(each => new Eman2Case(each))];

    public static Eman2Case Named(string name) => All.Single(each => each.Name == name);

    public string Name => _manifest.GetProperty("name").GetString()!;

    /// <summary>True when EMAN2's result depends on its compiler: the archive must only read as something finite.</summary>
    public bool IsUndefined => _manifest.GetProperty("undefined_behaviour").GetBoolean();

    /// <summary>True when the archive holds several images.</summary>
    public bool IsStack => _manifest.GetProperty("layout").GetString()!.EndsWith("stack", StringComparison.Ordinal);

    public string ArchivePath => GoldenData.PathOf("eman2", Folder, _manifest.GetProperty("archive").GetProperty("file").GetString()!);

    /// <summary>What EMAN2 read: image number (null: all in order) and its MRC file, or null where EMAN2 gave an error.</summary>
    public IReadOnlyList<(int? Image, string? Path)> Expected =>
    [
        .. _manifest.GetProperty("expected").EnumerateArray()
            .Where(each => !(FileOf(each)?.StartsWith("expected_cli", StringComparison.Ordinal) ?? false))
            .Select(each => (
                each.GetProperty("index").ValueKind == JsonValueKind.Number ? each.GetProperty("index").GetInt32() : (int?)null,
                FileOf(each) is string file ? GoldenData.PathOf("eman2", Folder, file) : null))
    ];

    /// <summary>Values of this magnitude or less must read as exactly zero; negative where the limits do not span zero.</summary>
    public float ZeroToleranceOf(int image)
    {
        // The oldest layout has no image groups, and the manifest no entries for them: nothing is rescaled there.
        if (!_manifest.GetProperty("archive").TryGetProperty("images", out JsonElement images))
        {
            return -1;
        }

        foreach (JsonElement each in images.EnumerateArray())
        {
            if (each.GetProperty("index").GetInt32() == image && each.TryGetProperty("stored_rendermin", out JsonElement low)
                && low.ValueKind == JsonValueKind.Object)
            {
                (float minimum, float maximum) = (Single(low), Single(each.GetProperty("stored_rendermax")));
                return minimum < 0 && maximum > 0 ? 2e-7f * MathF.Max(-minimum, maximum) : -1;
            }
        }

        return -1;
    }

    public override string ToString() => Name;

    private string Folder => _manifest.GetProperty("dir").GetString()!;

    private static string? FileOf(JsonElement expected) => expected.TryGetProperty("file", out JsonElement file) ? file.GetString() : null;

    private static float Single(JsonElement limit) =>
        BitConverter.UInt32BitsToSingle(uint.Parse(limit.GetProperty("f32_hex").GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
}
