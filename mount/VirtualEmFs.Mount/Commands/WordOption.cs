using System.CommandLine;

namespace VirtualEmFs.Mount.Commands;

/// <summary>Options whose value is one of a few words, in any case.</summary>
internal static class WordOption
{
    public static Option<TEnum> Create<TEnum>(string name, TEnum defaultValue, string description)
        where TEnum : struct, Enum
    {
        string[] words = [.. Enum.GetNames<TEnum>().Select(static word => word.ToLowerInvariant())];
        return new Option<TEnum>(name)
        {
            Description = $"{description} [default: {defaultValue.ToString().ToLowerInvariant()}]",
            HelpName = string.Join('|', words),
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (!words.Contains(text, StringComparer.OrdinalIgnoreCase))
                {
                    result.AddError($"'{text}' is not one of {string.Join(", ", words)} ({name})");
                    return defaultValue;
                }

                return Enum.Parse<TEnum>(text, ignoreCase: true);
            },
        };
    }

    /// <summary>The word given, or the default.</summary>
    public static TEnum GetWord<TEnum>(this ParseResult result, Option<TEnum> option, TEnum defaultValue)
        where TEnum : struct, Enum => result.GetResult(option) is null ? defaultValue : result.GetValue(option);
}
