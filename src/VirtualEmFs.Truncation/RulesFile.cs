using System.Text;
using System.Text.Json;

namespace VirtualEmFs.Truncation;

/// <summary>
/// Reads a file of rules: JSON with comments, <c>{ "profile": "paper", "rules": [ { "glob": "*.st", "bits": 8 } ] }</c>, or the array alone.
/// </summary>
/// <remarks>
/// Keys of a rule: <c>glob</c>, <c>content</c> (<c>volume</c>, <c>image</c>), <c>bits</c>, <c>lossless</c>, <c>keepRaw</c>, <c>outliers</c>
/// (<c>keep</c>, <c>o</c>, <c>low:high</c>, <c>4s:4s</c>), <c>delay</c> (seconds), <c>level</c>, <c>maxStepSigma</c>, <c>truncateIntegers</c>.
/// </remarks>
public static class RulesFile
{
    /// <summary>Reads the rules.</summary>
    /// <param name="json">The file's bytes, UTF-8.</param>
    /// <param name="fileName">For messages.</param>
    /// <exception cref="TruncationException">One sentence with the line number.</exception>
    public static TruncationRules Parse(ReadOnlySpan<byte> json, string fileName)
    {
        if (json.StartsWith(Encoding.UTF8.Preamble))
        {
            json = json[Encoding.UTF8.Preamble.Length..];
        }

        var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        try
        {
            return ParseFile(ref reader);
        }
        catch (JsonException e)
        {
            throw new TruncationException($"{fileName}, line {(e.LineNumber ?? 0) + 1}: this is not JSON ({FirstSentence(e.Message)})");
        }
        catch (TruncationException e)
        {
            int line = 1 + json[..(int)Math.Min(reader.TokenStartIndex, json.Length)].Count((byte)'\n');
            throw new TruncationException($"{fileName}, line {line}: {e.Message}");
        }
    }

    private static string FirstSentence(string message) => message.Split(". ")[0].TrimEnd('.');

    private static TruncationRules ParseFile(ref Utf8JsonReader reader)
    {
        TruncationRules profile = TruncationRules.BuiltIn;
        List<TruncationRule> rules = [];
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartArray)
        {
            rules = ParseRules(ref reader);
        }
        else
        {
            Expect(reader.TokenType == JsonTokenType.StartObject, "the rules are an object with 'rules', or an array");
            HashSet<string> keys = [];
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                string key = Key(ref reader, keys);
                switch (key)
                {
                    case "profile":
                        profile = Text(ref reader) switch
                        {
                            "built-in" => TruncationRules.BuiltIn,
                            "paper" => TruncationRules.Paper,
                            string other => throw new TruncationException($"there is no profile '{other}': say 'built-in' or 'paper'"),
                        };
                        break;
                    case "rules":
                        Expect(reader.TokenType == JsonTokenType.StartArray, "'rules' is an array");
                        rules = ParseRules(ref reader);
                        break;
                    default:
                        throw new TruncationException($"there is no setting '{key}': say 'profile' or 'rules'");
                }
            }
        }

        while (reader.Read())
        {
            // What follows the value is an error, which the reader reports.
        }

        return profile.Behind(rules);
    }

    private static List<TruncationRule> ParseRules(ref Utf8JsonReader reader)
    {
        List<TruncationRule> rules = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(reader.TokenType == JsonTokenType.StartObject, "a rule is an object");
            rules.Add(ParseRule(ref reader));
        }

        return rules;
    }

    private static TruncationRule ParseRule(ref Utf8JsonReader reader)
    {
        var rule = new TruncationRule { Glob = "" };
        (int bits, bool isLossless) = (0, false);
        HashSet<string> keys = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = Key(ref reader, keys);
            rule = key switch
            {
                "glob" => rule with { Glob = Text(ref reader) },
                "content" => rule with
                {
                    Volumes = Text(ref reader) switch
                    {
                        "volume" => true,
                        "image" => false,
                        string other => throw new TruncationException($"there is no content '{other}': say 'volume' or 'image'"),
                    },
                },
                "bits" => rule with { Bits = bits = Bits(ref reader) },
                "lossless" => (isLossless = Flag(ref reader)) ? rule with { Bits = 0 } : rule,
                "keepRaw" => rule with { KeepsRaw = Flag(ref reader) },
                "outliers" => rule with { Limits = Outliers(Text(ref reader)) },
                "delay" => rule with { Delay = TimeSpan.FromSeconds(Number(ref reader, 0, 31_536_000)) },
                "level" => rule with { Level = Level(ref reader) },
                "maxStepSigma" => rule with { MaxStepSigma = (float)Number(ref reader, 1e-6, 1e6) },
                "truncateIntegers" => rule with { TruncatesIntegers = Flag(ref reader) },
                _ => throw new TruncationException($"a rule has no setting '{key}'"),
            };
        }

        Expect(rule.Glob.Length > 0, "a rule needs a 'glob'");
        Expect(bits == 0 || !isLossless, "a rule has 'bits' or is 'lossless', not both");
        return rule;
    }

    // JSON does not say which of two wins, and rules that are passed over in silence cost samples.
    private static string Key(ref Utf8JsonReader reader, HashSet<string> earlier)
    {
        string key = reader.GetString()!;
        Expect(earlier.Add(key), $"'{key}' is there twice");
        reader.Read();
        return key;
    }

    private static LimitRequest Outliers(string text)
    {
        string spec = $"outliers:5:{text}";
        try
        {
            return text == "keep" ? LimitRequest.None : OutputSpec.Parse(spec).Limits!;
        }
        catch (TruncationException e) when (e.Message.StartsWith(spec, StringComparison.Ordinal))
        {
            throw new TruncationException($"'outliers' is keep, o, low:high, or 4s:4s in units of sigma, not '{text}'");
        }
    }

    private static int Bits(ref Utf8JsonReader reader)
    {
        double bits = Number(ref reader, 0, 16);
        Expect(bits == Math.Floor(bits) && bits != 1, "'bits' is a whole number from 2 to 16, or 0 for lossless");
        return (int)bits;
    }

    private static int Level(ref Utf8JsonReader reader)
    {
        double level = Number(ref reader, 1, 12);
        Expect(level == Math.Floor(level), "'level' is a whole number from 1 to 12");
        return (int)level;
    }

    private static double Number(ref Utf8JsonReader reader, double lowest, double highest)
    {
        Expect(reader.TokenType == JsonTokenType.Number, $"a number from {lowest} to {highest} is needed here");
        double value = reader.GetDouble();
        Expect(value >= lowest && value <= highest, $"a number from {lowest} to {highest} is needed here");
        return value;
    }

    private static bool Flag(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType is JsonTokenType.True or JsonTokenType.False, "true or false is needed here");
        return reader.GetBoolean();
    }

    private static string Text(ref Utf8JsonReader reader)
    {
        Expect(reader.TokenType == JsonTokenType.String, "a text in quotes is needed here");
        return reader.GetString()!;
    }

    private static void Expect(bool isMet, string message)
    {
        if (!isMet)
        {
            throw new TruncationException(message);
        }
    }
}
