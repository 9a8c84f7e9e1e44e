using System.Text.Json;
using System.Text.Json.Serialization;

namespace VirtualEmFs.Vfs.Staging;

/// <summary>One line of the journal. Its changes of entries hold at once, or, when it has actions, from the line that ends it.</summary>
internal sealed record JournalRecord
{
    /// <summary>Set in the first line only.</summary>
    public JournalHeader? Header { get; init; }

    /// <summary>Entries that are new, or replace those of their ids.</summary>
    public StagedEntry[]? Put { get; init; }

    /// <summary>Ids of entries that are gone.</summary>
    public long[]? Drop { get; init; }

    /// <summary>What is to be done in the source, in this order.</summary>
    public SourceAction[]? Actions { get; init; }

    /// <summary>Number of a record with actions.</summary>
    public long Number { get; init; }

    /// <summary>Number of the record whose actions are done.</summary>
    public long? Done { get; init; }

    /// <summary>Number of the record whose actions could not be done: its changes do not hold.</summary>
    public long? Void { get; init; }
}

/// <summary>What a journal is of.</summary>
/// <param name="Source">Absolute path of the source folder.</param>
/// <param name="NextId">No id from this one on was ever used.</param>
internal sealed record JournalHeader(int Version, [property: JsonConverter(typeof(EscapedName))] string Source, long NextId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(JournalRecord))]
internal sealed partial class JournalJson : JsonSerializerContext;
