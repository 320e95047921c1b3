using System.Text;
using Nub.Memory.Generators.Accessors;

namespace Nub.Memory.Generators.Reports;

/// <summary>The layouts as tables.</summary>
internal static class MarkdownReport
{
    public static string Write(IReadOnlyList<StructModel> models)
    {
        var text = new StringBuilder();
        text.Append("# Layouts\n\n")
            .Append("Offsets and sizes in bytes; a cache line has ").Append(ReportRow.CacheLine).Append(" bytes, and each struct is taken to begin one.\n");
        foreach (StructModel model in models)
        {
            text.Append("\n## ").Append(Escape(model.Declaration.Display)).Append("\n\n").Append(Capital(ReportRow.Summary(model))).Append(".\n\n")
                .Append("| Offset | Size | Field | Type | Byte order | Cache line |\n")
                .Append("|---:|---:|---|---|---|---|\n");
            foreach (ReportRow row in ReportRow.Of(model.Layout))
            {
                string name = row.Field is null ? "*gap*" : $"`{row.Name}`";
                string type = row.Field is null ? "" : $"`{row.Type}`";
                text.Append("| ").Append(row.Offset).Append(" | ").Append(row.Size).Append(" | ").Append(name).Append(" | ").Append(type)
                    .Append(" | ").Append(row.Order).Append(" | ").Append(row.CacheLines).Append(" |\n");
            }
        }

        return text.ToString();
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text.Substring(1);

    private static string Escape(string text) => text.Replace("<", "\\<").Replace("_", "\\_");
}
