using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace VirtualEmFs.Mount.Commands;

/// <summary>Options whose value is a whole number within limits.</summary>
internal static class NumberOption
{
    /// <summary>Most threads that an option takes.</summary>
    public const int MostThreads = 1024;

    public static Option<int> Create(string name, int lowest, int highest, Func<int> defaultValue, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => defaultValue(),
        CustomParser = argument => Parse(argument, lowest, highest) ?? lowest,
    };

    /// <summary>The number; null when it is none or lies outside, which the argument then says.</summary>
    public static int? Parse(ArgumentResult argument, int lowest, int highest)
    {
        string text = argument.Tokens[0].Value;
        if (int.TryParse(text, CultureInfo.InvariantCulture, out int number) && number >= lowest && number <= highest)
        {
            return number;
        }

        string of = argument.Parent is OptionResult option ? $" ({option.Option.Name})" : "";
        argument.AddError($"'{text}' is not a whole number from {lowest} to {highest}{of}");
        return null;
    }
}
