using System.Collections.Immutable;

namespace Nub.Memory.StandIn.Projects;

/// <summary>Spice86: the memory of a PC is read by indexers, one for each width.</summary>
internal sealed class Spice86 : Project
{
    public override string Name => "spice86";

    public override ImmutableArray<MemoryType> Memories =>
    [
        new("Spice86.Core.Emulator.Memory.IMemory", Also: ["Indexed"]),
        new("Spice86.Core.Emulator.Memory.Indexable.IIndexable", "Indexed"),
    ];

    public override ImmutableArray<CallRule> Calls =>
    [
        new("SneakilyRead", CallKind.Read, "address", Type: "byte"),
        new("SneakilyWrite", CallKind.Write, "address", Type: "byte", Value: "value"),
        new("WriteUInt16Segmented", CallKind.Write, "offset", Type: "ushort", Value: "value", Segment: "segment"),
        new("WriteUInt32Segmented", CallKind.Write, "offset", Type: "uint", Value: "value", Segment: "segment"),
        new("GetData", CallKind.CopyOut, "address", Count: "length"),
        new("ReadRam", CallKind.CopyOut, "offset", Count: "length"),
        new("WriteRam", CallKind.CopyFrom, "offset", Buffer: "array"),
        new("LoadData", CallKind.CopyFrom, "address", Buffer: "data", Count: "length"),
        new("LoadData", CallKind.CopyFrom, "address", Buffer: "data"),
    ];

    public override ImmutableArray<string> Indexers =>
        ["UInt8", "UInt16", "UInt16BigEndian", "UInt32", "Int8", "Int16", "Int32", "SegmentedAddress16", "SegmentedAddress32"];

    // Its tests read memory that they have filled themselves.
    public override ImmutableArray<string> Without => ["tests/"];

    // Its projects have implicit usings.
    public override string Beside => ImplicitUsings;

    public const string ImplicitUsings = """
        global using global::System;
        global using global::System.Collections.Generic;
        global using global::System.IO;
        global using global::System.Linq;
        global using global::System.Net.Http;
        global using global::System.Threading;
        global using global::System.Threading.Tasks;

        """;
}
