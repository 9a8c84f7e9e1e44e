using System.Globalization;
using System.Text.Json;
using VirtualEmFs.Truncation;

namespace VirtualEmFs.Tests.Archives.Compression;

/// <summary>What a golden case asked EMAN2 for, in our terms.</summary>
internal static class GoldenOptions
{
    // e2compress without --bits.
    private const int DefaultBits = 10;

    public static (int Bits, LimitRequest Limits, int? Level) Of(JsonElement golden)
    {
        JsonElement args = golden.GetProperty("args");
        if (args.ValueKind == JsonValueKind.Object)
        {
            LimitRequest limits = args.GetProperty("nooutliers").GetBoolean() ? LimitRequest.OutliersFitted
                : args.TryGetProperty("minval", out JsonElement low) ? LimitRequest.Range(low.GetDouble(), args.GetProperty("maxval").GetDouble(), fitsData: true)
                : LimitRequest.Full;
            return (args.GetProperty("bits").GetInt32(), limits, args.GetProperty("level").GetInt32());
        }

        string[] words = [.. args.EnumerateArray().SelectMany(word => word.GetString()!.Split('='))];
        if (golden.GetProperty("writer").GetString() != "e2compress")
        {
            OutputSpec spec = OutputSpec.Parse(words[0]);
            return (spec.Bits!.Value, spec.Limits!, 1);
        }

        string? Word(string option) => Array.IndexOf(words, option) is >= 0 and int at ? words[at + 1] : null;
        int? Number(string option) => Word(option) is string word ? int.Parse(word, CultureInfo.InvariantCulture) : null;
        double[] Pair(string option) => [.. Word(option)!.Split(',').Select(word => double.Parse(word, CultureInfo.InvariantCulture))];
        LimitRequest request = words.Contains("--nooutliers") ? LimitRequest.Outliers
            : words.Contains("--range") ? LimitRequest.Range(Pair("--range")[0], Pair("--range")[1])
            : words.Contains("--sigrange") ? LimitRequest.Sigma(Pair("--sigrange")[0], Pair("--sigrange")[1])
            : LimitRequest.None;
        return (Number("--bits") ?? DefaultBits, request, Number("--compresslevel"));
    }
}
